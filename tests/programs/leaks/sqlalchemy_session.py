# /// leak
# severity = "leak"
# kind = "container"
# names = ["Session", "Article"]
# requires = ["sqlalchemy"]
# advice = ["bound|session|commit|flush|expunge|remove|dict"]
# ///
"""One SQLAlchemy session for the whole life of an importer that adds rows and never flushes or commits."""

import time

import sqlalchemy
from sqlalchemy import orm

Base = orm.declarative_base()


class Article(Base):
    __tablename__ = "article"
    number = sqlalchemy.Column(sqlalchemy.Integer, primary_key=True)
    text = sqlalchemy.Column(sqlalchemy.Text)


def import_article(session, number):
    session.add(Article(number=number, text="text %d " % number * 60))  # LEAK


def main():
    engine = sqlalchemy.create_engine("sqlite://")
    Base.metadata.create_all(engine)
    session = orm.Session(engine, autoflush=False)
    stop = time.monotonic() + 12
    number = 1
    while time.monotonic() < stop:
        import_article(session, number)  # LEAK
        number += 1
        time.sleep(0.01)
    session.rollback()


main()
