"""The programs that the end-to-end tests run, what each is expected to show, and how they are run."""
