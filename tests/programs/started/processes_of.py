"""A pool, a process and a queue of multiprocessing, with the start method given as argument."""

import multiprocessing
import sys
import time


def square(number):
    kept = [str(n) for n in range(2000)]
    return number * number + len(kept)


def answer(queue, number):
    time.sleep(0.5)
    queue.put(square(number))


def main():
    multiprocessing.set_start_method(sys.argv[1])
    with multiprocessing.Pool(2) as pool:
        print(pool.map(square, range(20)))
    queue = multiprocessing.Queue()
    process = multiprocessing.Process(target=answer, args=(queue, 7))
    process.start()
    print(queue.get())
    process.join()
    print(process.exitcode)
    killed = multiprocessing.Process(target=time.sleep, args=(60,))
    killed.start()
    time.sleep(0.7)
    killed.terminate()
    killed.join()
    print(killed.exitcode)


if __name__ == "__main__":
    main()
