"""Forms of personal data that the scrubber must know, and of what only looks like them.

In each text what is to be found stands between « and »; all is invented. Tokens are put together
when the tests run, so that nothing in the repository reads like one.
"""

EMAILS = [
    "write to «ann@example.org» today",
    "«ann.b+news@mail.example.co.uk», please",
    "(«ann_b@example.org»)",
    "From: Ann <«ann@example.org»>",
    "From: Ann &lt;«ann@example.org»&gt;",
    "mail «<mailto:ann@example.org|ann@example.org>»",
    "«<mailto:ann@example.org|Ann>» knows",
    "메일은 «ann@example.co.kr»입니다",
    "메일«ann@example.kr»로 보내주세요",
    "`«ann@example.org»`",
    "```user: «ann@example.org»```",
    "«ann@bücher.example»",
    "«jörg@müller.de»",
    "«иван@почта.рф»",
    "«홍길동@한국.kr»",
    "«ann＠example．org»",
    "«ann@\u200bexample.org»",
    "«ann@xn--bcher-kva.example»",
    "«o'brien@example.ie»",
    "«ann [at] example [dot] org»",
    "«ann(at)example.org»",
    "«ann at example dot com»",
    "https://example.org/?to=«ann@example.org»&x=1",
    "mail me at «a@b.io».",
    "«<mailto:a@b.io|a@b.io>»님",
]
NO_EMAILS = [
    "logo@2x.png",
    "react@18.3.0-beta.1",
    "npm i @babel/core@7.24.1",
    "git@github.com:acme/api.git",
    "actions/checkout@v4",
    "@here look",
    "5 @ 3.50 each",
    "a@b",
    "user@localhost",
    "ssh://git@host/x",
    "pandas@latest is at 2.2",
    "look at the dot",
    "meet me at noon",
]

PHONES = [
    "«+1 415-555-2671»",
    "«+1 (415) 555-2671»",
    "«+14155552671»",
    "«(415) 555-2671»",
    "«415-555-2671»",
    "«415.555.2671»",
    "«415 555 2671»",
    "«1-415-555-2671»",
    "call me: «4155552671»",
    "«415-555-2671 x123»",
    "«+44 20 7946 0958»",
    "«020 7946 0958»",
    "«+44 (0)20 7946 0958»",
    "«07911 123456»",
    "«+49 30 901820»",
    "«030 901820»",
    "«0151 23456789»",
    "«+33 1 42 68 53 00»",
    "«01 42 68 53 00»",
    "«+81 3-1234-5678»",
    "«03-1234-5678»",
    "«+82 10-1234-5678»",
    "«010-1234-5678»",
    "«01012345678»",
    "«010 1234 5678»",
    "«010.1234.5678»",
    "«02-123-4567»",
    "«02)123-4567»",
    "«031-123-4567»",
    "«070-1234-5678»",
    "«０１０－１２３４－５６７８»",
    "«010–1234–5678»",
    "«010\u200b-1234-\u200b5678»",
    "«010\u00a01234\u00a05678»",
    "«010-\n1234-5678»",
    "«010_1234_5678»",
    "«(+82) 10-1234-5678»",
    "«82-10-1234-5678»",
    "«010·1234·5678»",
    "«415/555-2671»",
    "전화는 «010-1234-5678»입니다",
    "번호는 «01012345678»이에요",
    "«<tel:+821012345678|010-1234-5678>»로",
    "«<tel:4155552671|call us>»",
    "fax «0049 30 901820»",
    "«0 1 0 1 2 3 4 5 6 7 8»",
    "«공일공 일이삼사 오육칠팔»",
    "«zero one zero one two three four five six seven eight»",
    "my mobile is «5551 234 567»",
    "phone: «467 3395»",
    "«+1 415 555 2671» 2026-03-04",
    "고객센터 전화 «1588-1234»",
]
NO_PHONES = [
    "[8844:8896:0523/114040.410202:ERROR:x.cc]",
    "ts=1727474085.282400",
    "epoch 1611062421",
    "epoch 1705007074376",
    "order #621554282",
    "tracking 3311-9554-2682",
    "tracking 0064-9299-5585",
    "tracking 824723632518",
    "SO3203188749",
    "주문번호 20411007-0218175",
    "2026-03-04 10:15:20",
    "2026.09.12 14:45:15",
    "5299186 rows",
    "id 02493124-e23e-4507-ab98-ad32a39871cc",
    "CVE-2018-59317",
    "1,234,567,890",
    "₩96,763,000",
    "1472x1361",
    "pi is 3.14159265358979",
    "10.0.5151.186",
    "0.1.2.3.4",
    "PROJ-57507",
    'cron "0 9 * * 1-5" at 09:00',
    "2019-2026",
    "version 1.22.333.4444",
    "0x7f3a2b1c9d",
    "1588-1234",
    "lines 100-200, 300-400",
    "ISBN 978-3-16-148410-0",
    "12:34:56.789012",
]

CARDS = [
    "«4111 1111 1111 1111»",
    "«4111-1111-1111-1111»",
    "«4111111111111111»",
    "«5555 5555 5555 4444»",
    "«3782 822463 10005»",
    "«4111 1111 11111111»",
    "«378282246310005»",
    "«6011 0009 9013 9424»",
    "«3530 1113 3330 0000»",
    "«2223 0031 2200 3222»",
    "card=«4111111111111111»;cvv=123",
    "카드번호 «4111 1111 1111 1111»로",
    "«４１１１ １１１１ １１１１ １１１１»",
    "«4111\u00a01111\u00a01111\u00a01111»",
    "«6200 0000 0000 0005»",
    "my card is «30569309025904»",
    "«4111 – 1111 – 1111 – 1111»",
]
NO_CARDS = [
    "4111 1111 1111 1112",
    "order 5294759251941632",
    "transaction 1657639597428333",
    "0000 0000 0000 0000",
    "tracking 669076165734",
    "1234567890123456",
    "4111111111111111abc",
    "1111111111111111",
]

IBANS = [
    "«DE89 3704 0044 0532 0130 00»",
    "«DE89370400440532013000»",
    "«GB29 NWBK 6016 1331 9268 19»",
    "«FR1420041010050500013M02606»",
    "«NL91ABNA0417164300»",
    "«NO9386011117947»",
    "«gb29nwbk60161331926819»",
    "IBAN:«CH9300762011623852957»으로",
    "«DE89-3704-0044-0532-0130-00»",
    "to «NL91 ABNA 0417 1643 00» today",
]
NO_IBANS = ["DE89370400440532013001", "XX89370400440532013000", "GB29NWBK6016133192681", "DE8937"]

ADDRESSES_IP = [
    "from «203.0.113.7»",
    "«203.0.113.7»에서",
    "«203.0.113.7»:8080",
    "ip «2001:db8::8a2e:370:7334»",
    "«fe80::1ff:fe23:4567:890a»",
    "«2001:0db8:85a3:0000:0000:8a2e:0370:7334»",
    "```«198.51.100.4» - -```",
    "10.x is «10.1.2.3»",
    "«203.0.113.7»/24",
    "[«2001:db8::1»]:443",
    "at «203.0.113.7».",
]
NO_IPS = [
    "127.0.0.1:8080",
    "0.0.0.0:3000",
    "v10.5.91.12",
    "Chrome 125.0.5151.186",
    "version 1.2.3.4",
    "1.2.3",
    "256.1.1.1",
    "1.2.3.4.5",
    "12:34:56",
    "std::vector",
    "::1",
    "a::b",
    "release 10.20.30.40",
]
MACS = ["«3d:cc:5e:38:d4:aa»", "«3F-F8-BA-CB-74-5A»", "«3dcc.5e38.d4aa»"]
NO_MACS = ["12:34:56", "aa:bb:cc", "3d:cc:5e:38:d4:aa:bb"]

RRNS = [
    "주민번호 «880801-1099092»",
    "«880801 1099092»",
    "«880801 - 1099092»",
    "A,«8808011099092»",
    "«880801–1099092»",
    "«８８０８０１－１０９９０９２»",
    "주민등록번호는 «8808011099092»입니다",
    "«880801-1******»",
    "외국인 «900101-5123456»",
]
NO_RRNS = [
    "881301-1099092",
    "880832-1099092",
    "epoch 1611101234567",
    "880801-9099092",
    "20880801-1099092",
]

SSNS = [
    "SSN «531-88-1748»",
    "payroll: «531 88 1748»",
    "her ssn is «531881748»",
    "ssn «531.88.1748»",
    "«531–88–1748»",
]
NO_SSNS = [
    "000-12-3456",
    "666-12-3456",
    "531-00-1748",
    "531-88-0000",
    "order 531-88-1748",
    "531881748",
    "1531-88-1748",
]

LICENCES = [
    "운전면허번호 «11-22-333333-44»",
    "면허 «서울 12-345678-90»",
    "driver's license number is «F162823540116»",
    "driving licence: «MORGA657054SM9IJ»",
    "«11-22-333333-44»",
]
NO_LICENCES = ["2026-03-04-05", "12-345678-90", "license: MIT", "driver 5130634 installed"]
PASSPORTS = [
    "여권번호 «M12345678»",
    "passport «M123A4567»",
    "Passport No: «X1234567»",
    "us passport number «123456789»",
    "«M123A4567»",
]
NO_PASSPORTS = ["model M1234", "M12345678", "passport control is at 10"]
NINOS = [
    "NI number: «QQ 12 34 56 C»",
    "«AB123456C»",
    "«AB 12 34 56 C»",
    "national insurance «AB 12 34 56 C»",
]
NO_NINOS = ["ABC123456D", "QA123", "AB123456E", "DA123456C"]

PLATES = [
    "«12가3456», 내일",
    "내 차는 «34나 5678».",
    "«12가3456»",
    "«123가 4567»",
    "«서울 12가 3456»",
    "차는 «12가3456»입니다",
]
NO_PLATES = ["12가 3456.5", "12시 3000", "100만 2000", "12조 3000억", "20가지 2024년", "2024가1234"]

ACCOUNTS = [
    "신한 «110-123-456789» 입금",
    "국민은행 «123456-04-123456»",
    "카카오뱅크 «3333-01-1234567»",
    "계좌번호: «110123456789»",
    "계좌는 «110-123-456789»입니다",
    "account number: «12345678»",
    "acct no «0012345678»",
    "sort code «12-34-56»",
    "routing number «021000021»",
    "우리은행(홍길동) «1002-123-456789»",
]
NO_ACCOUNTS = [
    "우리 2026-03-04에 봐요",
    "하나 더 12345678",
    "account 42",
    "accounts 1000",
    "은행 3곳",
]

BIRTHS = [
    "DOB: «1990-01-02»",
    "born on «January 2, 1990»",
    "date of birth «02/01/1990», start 2026-01-02",
    "생년월일 «1990년 1월 2일»",
    "생년월일: «900102»",
    "«900102»생",
    "«1990.01.02»생입니다",
    "birthday is «2 Jan 1990»",
]
NO_BIRTHS = ["start date 2026-01-02", "학생 900102", "released 1990-01-02", "2026년 생산"]

STREETS = [
    "ship to «12 Oak Street»",
    "«Hauptstraße 5, 10115 Berlin»",
    "«10 rue de Rivoli, 75001 Paris»",
    "«742 Evergreen Terrace, Springfield, IL 62704»",
    "at «1600 Pennsylvania Avenue»",
    "«221B Baker Street, London»",
    "«Flat 3, Carroll Islands, Smarttown, CH35 1AZ»",
    "«350 Fifth Avenue, Suite 300, New York, NY 10118»",
    "«P.O. Box 1234»",
    "«PSC 3886, Box 5336, APO AA 48991»",
    "«USNS Ali, FPO AE 23637»",
    "«32 Briggs Ways, Port Donnaburgh, AL12 1GS»",
    "«10 Downing St»",
    "«5 W 42nd Street»",
    "«서울특별시 강남구 테헤란로 123»",
    "«서울 마포구 월드컵북로12번길 97 (역삼동)»으로",
    "«경기도 성남시 분당구 판교역로 456, 101동 1203호»",
    "«부산 해운대구 우동 1234-5»",
    "배송지: «서울시 송파구 대학로 330»로",
    "«제주특별자치도 제주시 첨단로 242»",
]
NO_STREETS = [
    "앞으로 10분",
    "그대로 2번",
    "서로 3명",
    "서울 강남 쪽 맛집",
    "3 New Features, see below",
    "5 Big Wins",
    "in 20 Minutes, OK",
    "version 3 Road map",
    "강남구로 3시에",
    "the 12 Apostles",
]

PASSWORDS = [
    "password: «hunter2»",
    "Password is «Tr0ub4dor&3»",
    "the password is «swordfish».",
    "pw: «abc123!»",
    "pw for staging -> «x9$kLm»",
    "DB_PASSWORD=«s3cr3t!»",
    "`DB_PASSWORD=«Run4585!»`",
    '"password": "«p4ss-w0rd»"',
    "비밀번호는 «abc123!»입니다",
    "비번 «qwer1234»",
    "임시 비밀번호: «Xy12ab!»",
    "와이파이 비번 «I9QKM$AcG!»",
    "암호: «abcd1234»",
    "passwd=«letmein9»",
    "pass: «Summer2026»",
    "password for the vpn: «Winter2026!»",
    "PIN: «4821»",
    "new pwd is «aB3$xyz»",
    "postgres://app:«s3cr3tpw»@db.internal/prod",
    "https://ann:«pa55word»@example.org/x",
    "redis://:«s3cr3tpw»@cache:6379",
    "비밀번호가 «hello12!»로 바뀌었어요",
    "password=«correcthorse»",
    "curl -u ann:«s3cret99» https://example.org",
    "mysql -h db -u root -p«S3cret99»",
]
NO_PASSWORDS = [
    "%wheel ALL=(ALL) NOPASSWD:ALL",
    "パスワード:\n002 connecting",
    "password is required",
    "password reset link",
    "the password is rotated daily",
    "I forgot my password",
    "password manager",
    "비밀번호를 잊었어요",
    "비밀번호 변경 부탁드려요",
    "password: ${DB_PASSWORD}",
    "pass the salt",
    "it will pass soon",
    "bypass it",
    "password must be 8 characters",
    "pin this message",
    "https://example.org:8080/x",
    "the password is wrong",
    "비번 까먹음",
    "password policy",
    "password protected",
    "compass: north",
    "password: ********",
]

SECRETS = [
    "client_secret: «2ace60152e3f4ca8023a31ea8a008047»",
    "api_key=«a1b2c3d4e5f6a7b8»",
    "Authorization: Bearer «abcDEF1234567890abcd»",
    "Authorization: Basic «dXNlcjpwYXNzd29yZA==»",
    "토큰은 «abcd1234efgh5678» 이에요",
    "https://example.org/p?token=«abc12345»&x=1",
    "<https://example.org/p?x=1&amp;sig=«abcdef123%3D»|here>",
    "access_token: «0123456789abcdef»",
    "SECRET_KEY = '«abc123def456ghi7»'",
    "aws_secret_access_key = «wJalrXUtnFEMIbK7MDENGbPxRfiCYEXAMPLEKEY1»",
    "X-Api-Key: «9f8e7d6c5b4a39281706»",
    "AccountKey=«bXlrZXlteWtleW15a2V5MTIzNDU2Nzg5MA==»",
]
NO_SECRETS = [
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PUBLIC KEY-----",
    "sha256:fdcba3b4617db35e70b40151d2b5a29a2de89695e6738ad7af0aac0b20c0a9d1",
    "commit 9ff8644331b00ec872b950d5299166dc523d8904",
    "the token is expired",
    "token budget: large",
    "key results are in",
    "https://example.org/?page=2&sort=name",
    "use the API key from the vault",
    "id 02493124-e23e-4507-ab98-ad32a39871cc",
    "a basic understanding",
    "secret santa: friday",
]

_A = "Ab3dE5gH7jK9mN1pQ2rS4tU6vW8xY0zC"
_HEX = "0123456789abcdef" * 4
TOKENS = [
    "xo" + "xb-123456789012-1234567890123-" + _A[:24],
    "xo" + "xp-123456789012-123456789012-1234567890123-" + _HEX[:32],
    "xo" + "xe.xoxp-1-" + _A * 3,
    "xa" + "pp-1-A0BF50XN5P0-9554516314131-" + _HEX,
    *("gh" + kind + "_" + _A + "abcd" for kind in "pousr"),
    "github" + "_pat_" + _A[:22] + "_" + _A + _A[:27],
    "gl" + "pat-" + _A[:20],
    "AK" + "IAQKRG3ACMX4GYURQR",
    "AS" + "IAQKRG3ACMX4GYURQR",
    "AI" + "za" + _A + "abc",
    "sk" + "_live_" + _A[:24],
    "rk" + "_test_" + _A[:24],
    "sk" + "-proj-" + _A + _A[:16],
    "sk" + "-" + _A + _A[:16],
    "sk" + "-ant-api03-" + _A * 2,
    "np" + "m_" + _A + "abcd",
    "py" + "pi-AgEIcHlwaS5vcmc" + _A,
    "S" + "G." + _A[:22] + "." + _A + _A[:11],
    "A" + "C" + _HEX[:32],
    "12345678" + "9:AA" + _A + "a",
    "M" + "TIzNDU2Nzg5MDEyMzQ1Njc4" + ".Xabcde." + _A[:27],
    "ey" + "JhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + _A,
    "hf" + "_" + _A + "ab",
    "dop" + "_v1_" + _HEX,
    "shp" + "at_" + _HEX[:32],
    "glsa" + "_" + _A + "_12345678",
]
BLOCKS = [
    "«-----BEGIN "
    + "RSA PRIVATE KEY-----\n"
    + (_A * 2 + "\n") * 5
    + "-----END RSA PRIVATE KEY-----»\nthat is it",
    "```«-----BEGIN " + "OPENSSH PRIVATE KEY-----\n" + "\n".join([_A * 2] * 3) + "»```",
    "«-----BEGIN " + "PRIVATE KEY-----\n" + "\n".join([_A * 2] * 3) + "»\nplease rotate it",
]
NO_TOKENS = [
    "sk-",
    "ghp_",
    "AKIA",
    "risk-based-approach-to-all-things-here",
    "task-management-for-the-whole-team",
    "https://docs.google.com/document/d/2T4Gw3W2JmJ5YrlCI1ehA_3aYp7IbGRrwgyay6TsUk3Z/edit",
    "key-value-store",
    "desk-1",
]

FORMS: dict[str, tuple[list[str], list[str]]] = {
    "EMAIL": (EMAILS, NO_EMAILS),
    "PHONE": (PHONES, NO_PHONES),
    "CARD": (CARDS, NO_CARDS),
    "IBAN": (IBANS, NO_IBANS),
    "IP": (ADDRESSES_IP, NO_IPS),
    "MAC": (MACS, NO_MACS),
    "RRN": (RRNS, NO_RRNS),
    "SSN": (SSNS, NO_SSNS),
    "LICENCE": (LICENCES, NO_LICENCES),
    "PASSPORT": (PASSPORTS, NO_PASSPORTS),
    "NINO": (NINOS, NO_NINOS),
    "PLATE": (PLATES, NO_PLATES),
    "ACCOUNT": (ACCOUNTS, NO_ACCOUNTS),
    "BIRTHDATE": (BIRTHS, NO_BIRTHS),
    "ADDRESS": (STREETS, NO_STREETS),
    "PASSWORD": (PASSWORDS, NO_PASSWORDS),
    "SECRET": (SECRETS + BLOCKS, NO_SECRETS),
    "TOKEN": ([f"«{token}»" for token in TOKENS], NO_TOKENS),
}
"""By kind: the texts with what is to be found, and the texts with nothing to be found."""


def marked(form: str) -> tuple[str, int, int]:
    """A form without its marks, and where what is to be found begins and ends."""
    before, _, rest = form.partition("«")
    found, _, after = rest.partition("»")
    return before + found + after, len(before), len(before) + len(found)
