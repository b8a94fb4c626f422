# ruff: noqa: RUF001 - words of other alphabets look like ours
"""The words of PostgreSQL's log in the languages that its messages are translated into.

As in the translations of PostgreSQL 15 that are whole: German, Spanish, French, Italian, Japanese,
Georgian, Korean, Russian, Swedish, Ukrainian and Chinese (`lc_messages`).
"""

LOG = frozenset({"LOG", "LOGG", "ЗАПИСУВАННЯ", "СООБЩЕНИЕ", "ჟურნალი", "日志", "로그"})
"""How a line of the level is labelled that statements are written at."""
_OTHERS = """
ANFRAGE ANWEISUNG ASTUCE ATTENTION ATTENZIONE BACKTRACE
CONSULTA CONTESTO CONTEXT CONTEXTE CONTEXTO DEBUG DETAIL
DETALJ DETALLE DETTAGLI DÉTAIL EMPLACEMENT ERREUR ERROR
ERRORE FATAL FATALE FATALT FEHLER FEL FRÅGA HINT HINWEIS
INFO INSTRUCTION ISTRUZIONE KONTEXT LOCATION NOTICE NOTIFICA
NOTIS ORT PANIC PANICO PANIK PLATS POSIZIONE QUERY REQUÊTE
SATS SENTENCIA STATEMENT SUGGERIMENTO TIPP TIPS UBICACIÓN
VARNING WARNING WARNUNG ZUSAMMENHANG ІНСТРУКЦІЯ ІНФОРМАЦІЯ
ВІДОМОСТІ ВІДСТЕЖУВАТИ ВАЖНО ЗАМЕЧАНИЕ ЗАПИТ ЗАПРОС
ИНФОРМАЦИЯ КОНТЕКСТ НАЛАГОДЖЕННЯ ОПЕРАТОР ОТЛАДКА ОШИБКА
ПАНІКА ПАНИКА ПОВІДОМЛЕННЯ ПОДРОБНОСТИ ПОДСКАЗКА ПОЛОЖЕНИЕ
ПОМИЛКА ПОПЕРЕДЖЕННЯ ПРЕДУПРЕЖДЕНИЕ РОЗТАШУВАННЯ СТЕК
УКАЗІВКА ФАТАЛЬНО გამართვა გაფრთხილება დეტალები ინფორმაცია
კონტექსტი მდებარეობა მინიშნება მოთხოვნა ოპერატორი პანიკა
სტეკი ფატალური შეცდომა バックトレース ヒント 上下文 位置 信息 問い合わせ 場所 提示 文
文脈 查询 比致命错误还过分的错误 注意 致命错误 詳細 警告 详细信息
语句 调试 错误 경고 내용 디버그 상세정보
손상 알림 역추적 오류 위치 정보 치명적오류 쿼리 힌트
"""
OTHER_LABELS = frozenset({*_OTHERS.split(), "PILE D'APPEL", "명령 구문"})
"""Of lines of other levels, and of what follows a line."""
TOOK = (
    *("duration", "Dauer", "duración", "durée", "durata", "期間", "ხანგრძლივობა", "실행시간"),
    *("수행시간", "작업시간", "продолжительность", "varaktighet", "тривалість", "执行时间"),
    "持续时间",
)
"""What a duration begins with."""
STATEMENT = (
    *("statement", "Anweisung", "sentencia", "instruction", "istruzione", "文", "ოპერატორი"),
    *("გამოსახულება", "명령 구문", "оператор", "sats", "语句"),
)
FETCH = (
    *("execute fetch from", "Ausführen Fetch von", "ejecutar fetch desde"),
    *("exécute fetch à partir de", "esecuzione di fetch da", "取り出し実行", "자료뽑기"),
    *("выборка из", "kör hämtning från", "виконати витягнення з", "执行FETCH操作"),
)
EXECUTE = (
    *("execute", "Ausführen", "ejecutar", "exécute", "esecuzione di", "実行", "გაშვება"),
    *("쿼리실행", "выполнение", "kör", "виконувати", "执行"),
)
PREPARING = (
    *("parse", "bind", "Parsen", "Binden", "analyse", "lien", "analisi di", "パース", "バインド"),
    *("მიბმა", "разбор", "сообщение Bind", "аналізування", "повідомлення bind", "解析", "绑定"),
)
"""What comes before an execution, and has the same statement."""
PREPARING_LAST = (
    "ხანგრძლივობა: [0-9.]+ მწმ  [^:]*-ის დამუშავება",
    "실행시간: [0-9.]+ ms  [^:]* (?:구문분석|접속)",
)
"""Patterns for the same, where the name of the statement comes first."""
LOGINS = (
    *("Verbindung autorisiert", "Verbindung authentifiziert", "Verbindungsende"),
    *("conexión autorizada", "conexión autenticada", "desconexión", "connexion autorisée"),
    *("connexion authentifiée", "déconnexion", "connessione autorizzata"),
    *("connessione autenticata", "disconnessione", "接続の認証完了", "接続認証完了", "接続を切断"),
    *("შეერთება ავტორიზებულია", "მიერთება ავთენტიფიცირებულია", "disconnection", "연결 인증"),
    *("연결 인증됨", "연결종료", "подключение авторизовано", "соединение аутентифицировано"),
    *("отключение", "anslutning auktoriserad", "anslutning autentiserad", "nedkoppling"),
    *("підключення авторизовано", "підключення автентифіковано", "відключення"),
    *("connection authorized", "connection authenticated", "断开连接"),
)
"""What a login and its end begin with."""
