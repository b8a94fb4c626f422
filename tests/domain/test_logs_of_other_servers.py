"""Servers that tell more, that speak another language, or that begin their lines otherwise."""

import gettext
from pathlib import Path

import pytest

from pam.domain import log_words
from pam.domain.masked_sql import NOT_SHOWN
from pam.domain.statement_log import NotUnderstood, of_log_line
from tests.fakes.server_log import RECEIVED, USER, told

SHOWN = "ledger: select ?"

UK_TOOK = "тривалість: 1.5 мс "
# the statement, its execution, a fetch, and the same with a duration
SPOKEN = {
    "de": ("LOG", "Anweisung: ", "Ausführen", "Ausführen Fetch von", "Dauer: 1.5 ms  "),
    "es": ("LOG", "sentencia: ", "ejecutar", "ejecutar fetch desde", "duración: 1.5 ms  "),
    "fr": ("LOG", "instruction : ", "exécute", "exécute fetch à partir de", "durée : 1.5 ms, "),
    "it": ("LOG", "istruzione: ", "esecuzione di", "esecuzione di fetch da", "durata: 1.5 ms  "),
    "ja": ("LOG", "文: ", "実行", "取り出し実行", "期間: 1.5 ミリ秒  "),
    "ka": ("ჟურნალი", "ოპერატორი: ", "გაშვება", "execute fetch from", "ხანგრძლივობა: 1.5 მწმs  "),
    "ko": ("로그", "명령 구문: ", "쿼리실행", "자료뽑기", "실행시간: 1.5 ms  "),
    "ru": ("СООБЩЕНИЕ", "оператор: ", "выполнение", "выборка из", "продолжительность: 1.5 мс, "),
    "sv": ("LOGG", "sats: ", "kör", "kör hämtning från", "varaktighet: 1.5 ms  "),
    "uk": (
        "ЗАПИСУВАННЯ",
        "оператор: ",
        "виконувати",
        "виконати витягнення з",
        "тривалість: 1.5 мс ",
    ),
    "zh": ("日志", "语句: ", "执行", "执行FETCH操作", "执行时间: 1.5 ms "),
}


@pytest.mark.parametrize("code", ["", "00000: "], ids=["plain", "verbose"])
@pytest.mark.parametrize("language", SPOKEN)
def test_a_statement_is_read_in_every_language_of_the_server(language: str, code: str) -> None:
    label, statement, execute, fetch, took = SPOKEN[language]
    said = [
        f"{statement}select 'x'",
        f"{execute} <unnamed>: select 'x'",
        f"{execute} s_1/c_1: select 'x'",
        f"{fetch} <unnamed>/c_1: select 'x'",
    ]
    for message in [*said, *(f"{took}{each}" for each in said)]:
        assert told(f"{label}:  {code}{message}") == SHOWN, message


TELLS_MORE = [
    ("LOG:  00000: statement: select 'x'", SHOWN),
    ("LOG:  00000: execute <unnamed>: select 'x'", SHOWN),
    ("LOG:  00000: duration: 1.042 ms  statement: select 'x'", SHOWN),
    (
        "LOG:  00000: AUDIT: SESSION,1,1,READ,SELECT,TABLE,t,select 'x',<none>",
        "ledger: READ SELECT TABLE t: select ?",
    ),
    ("LOG:  AUDIT: SESSION,1,1,MISC,SET,,,select 'x',<none>", "ledger: MISC SET: select ?"),
    ("LOG:  00000: execute it's: select 'secret'", f"ledger: {NOT_SHOWN}"),
    ("LOG:  00000: duration: 0.4 ms", None),
    ("LOG:  00000: duration: 0.4 ms  bind s: select 'x'", None),
    ("LOCATION:  exec_simple_query, postgres.c:1073", None),
    ("ORT:  exec_simple_query, postgres.c:1073", None),
]


@pytest.mark.parametrize(("message", "shown"), TELLS_MORE)
def test_a_server_that_tells_more_is_understood(message: str, shown: str | None) -> None:
    assert told(message) == shown


UNKNOWN = {
    "another language": ("LOG:  dotaz: select 1", "message"),
    "another language with a duration": ("LOG:  trvání: 1.2 ms  dotaz: select 1", "message"),
    "a label of another language": ("ZÁZNAM:  dotaz: select 1", "label"),
    "no label": (" statement: select 1", "label"),
    "something that was raised": ("LOG:  hello", "message"),
    "a code that is none": ("LOG:  ABCDE: statement: select 1", "message"),
    "nothing": ("", "prefix"),
    # A borrower chooses the names of statements and what stands in them.
    "a name like a login": (f"LOG:  vykonej x: user={USER} : select 1", "message"),
    "a name like a preparation": ("LOG:  trvání: 1.2 ms  vykonej 접속: select 1", "message"),
    "a name like another preparation": ("LOG:  vykonej 1 ms  bind x: select 1", "message"),
    "a name like a preparation by its end": ("LOG:  vykonej 1 ms  x 접속: select 1", "message"),
    "a text like a login": (f"LOG:  dotaz: /* a: connection authorized: user={USER} */", "message"),
    "a text like a wait": ("LOG:  dotaz: process 7 still waiting", "message"),
}


@pytest.mark.parametrize("case", UNKNOWN)
def test_what_is_not_understood_is_told_of_and_never_passed_over(case: str) -> None:
    message, part = UNKNOWN[case]
    assert told(message) == f"[{part}]"


AT = "2026-03-01 12:00:10"
OTHER_PREFIXES = [
    f"{AT}.123 UTC [1234] {USER}@ledger LOG:  statement: select 1",
    f"{AT} UTC [1234]: user={USER},db=ledger,app=psql,client=10.0.0.5 LOG:  statement: select 1",
    f'{AT}.123 UTC,"{USER}","ledger",1234,"10.0.0.5:50234",LOG,00000,"statement: select 1"',
    f'{{"timestamp":"{AT} UTC","user":"{USER}","message":"statement: select 1"}}',
    f"{AT} UTC:10.0.0.5(50234):{USER}@ledger:[1234]:psql:LOG:  statement: select 1",
    f"{USER} LOG:  statement: select 1",
]


@pytest.mark.parametrize("line", OTHER_PREFIXES)
def test_a_line_that_begins_otherwise_is_told_of(line: str) -> None:
    found = of_log_line(line, activity_id="3870", received=RECEIVED, place="x")
    assert isinstance(found, NotUnderstood)


def test_a_line_that_names_no_session_is_none_of_pams_business() -> None:
    for line in ("hello", f"{AT}.123 UTC [1234] reports@ledger LOG:  statement: select 1", ""):
        assert of_log_line(line, activity_id="3870", received=RECEIVED, place="x") is None


def translations() -> list[Path]:
    return sorted(Path("/usr/share/locale").glob("*/LC_MESSAGES/postgres-*.mo"))


@pytest.mark.skipif(not translations(), reason="no PostgreSQL server of Debian's is installed")
def test_the_words_are_those_of_the_servers_own_translations() -> None:
    def spoken(text: str, *values: object) -> str:
        return say(text) % values

    for file in translations():
        with file.open("rb") as content:
            say = gettext.GNUTranslations(content).gettext
        sql, log = "select 'x'", f"{say('LOG')}:  "
        named = ("s_1", "/", "c_1", sql)
        for message in (
            spoken("statement: %s", sql),
            spoken("%s %s%s%s: %s", say("execute"), *named),
            spoken("%s %s%s%s: %s", say("execute fetch from"), *named),
            spoken("duration: %s ms  statement: %s", "1.5", sql),
            spoken("duration: %s ms  %s %s%s%s: %s", "1.5", say("execute"), *named),
        ):
            assert told(log + message) == SHOWN, (file, message)
        for message in (
            spoken("duration: %s ms", "1.5"),
            spoken("duration: %s ms  parse %s: %s", "1.5", "s_1", sql),
            spoken("duration: %s ms  bind %s%s%s: %s", "1.5", *named),
            spoken("connection authorized: user=%s", USER),
        ):
            assert told(log + message) is None, (file, message)
        labels = ["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "FATAL", "PANIC"]
        fields = ["DETAIL:  ", "HINT:  ", "QUERY:  ", "CONTEXT:  ", "STATEMENT:  ", "BACKTRACE:  "]
        for label in [*(f"{say(each)}:  " for each in labels), *(say(each) for each in fields)]:
            assert told(f"{label}{sql}") is None, (file, label)


def test_no_word_means_both_a_statement_s_line_and_another() -> None:
    assert not log_words.LOG & log_words.OTHER_LABELS


def test_no_execution_of_a_statement_begins_like_a_duration() -> None:
    """What follows it is the client's: it could be anything that follows a duration."""
    for begins in (*log_words.STATEMENT, *log_words.FETCH, *log_words.EXECUTE):
        assert begins not in log_words.TOOK
