"""The words by which people of several languages write days, numbers, nobody and themselves.

English, Spanish, German, French, Portuguese, Italian, Dutch and Korean; Chinese and Japanese dates
need no words. All are case-folded.
"""


def _numbered(*lines: str, begin: int = 0) -> dict[str, int]:
    """Words to their place: a line a language, `/` between the forms of one word."""
    return {
        form: number
        for line in lines
        for number, word in enumerate(line.split(), begin)
        for form in word.split("/")
    }


def _set(words: str, *phrases: str) -> frozenset[str]:
    """The words of a text, and phrases."""
    return frozenset([*words.split(), *phrases])


MONTHS = _numbered(
    "january/jan february/feb march/mar april/apr may june/jun july/jul august/aug "
    "september/sept/sep october/oct november/nov december/dec",
    "enero/ene febrero marzo abril/abr mayo junio julio agosto/ago septiembre/setiembre/set "
    "octubre noviembre diciembre/dic",
    "januar/jän/jänner februar/feber märz/mrz/maerz april mai juni juli august september "
    "oktober/okt november dezember/dez",
    "janvier/janv février/fevrier/févr/fév/fevr mars avril/avr mai juin juillet/juil août/aout "
    "septembre octobre novembre décembre/decembre/déc",
    "janeiro fevereiro/fev março/marco abril maio/mai junho julho agosto setembro outubro/out "
    "novembro dezembro",
    "gennaio/gen febbraio marzo aprile maggio/mag giugno/giu luglio/lug agosto settembre/sett "
    "ottobre/ott novembre dicembre",
    "januari februari maart/mrt april mei juni juli augustus september oktober november december",
    begin=1,
)

WEEKDAYS = _numbered(
    "monday/mon tuesday/tues/tue wednesday/weds/wed thursday/thurs/thur/thu friday/fri "
    "saturday/sat sunday/sun",
    "lunes/lun martes miércoles/miercoles/mié jueves/jue viernes/vie sábado/sabado/sáb domingo/dom",
    "montag/mo dienstag/di mittwoch/mi donnerstag/do freitag/fr samstag/sonnabend/sa sonntag/so",
    "lundi mardi mercredi/mer jeudi/jeu vendredi/ven samedi/sam dimanche/dim",
    "segunda-feira/segunda terça-feira/terça/terca quarta-feira/quarta quinta-feira/quinta "
    "sexta-feira/sexta sábado domingo",
    "lunedì/lunedi martedì/martedi mercoledì/mercoledi giovedì/giovedi/gio venerdì/venerdi "
    "sabato/sab domenica",
    "maandag/ma dinsdag woensdag donderdag vrijdag/vr zaterdag/za zondag/zo",
    "월요일/월 화요일/화 수요일/수 목요일/목 금요일/금 토요일/토 일요일",
    "月曜日/月曜/月 火曜日/火曜/火 水曜日/水曜/水 木曜日/木曜/木 金曜日/金曜/金 "
    "土曜日/土曜/土 日曜日/日曜",
)

DAYS_AGO = {
    word: days
    for days, words in {
        0: "today|tonight|this morning|this evening|this afternoon|hoy|esta mañana|heute|"
        "heute morgen|aujourd'hui|aujourd’hui|ce matin|hoje|oggi|stamattina|vandaag|오늘|오늘 아침|"
        "今日|今朝|今天",
        1: "yesterday|last night|yesterday morning|ayer|gestern|hier|ontem|ieri|gisteren|어제|昨日|"
        "昨天",
        2: "the day before yesterday|day before yesterday|anteayer|antes de ayer|vorgestern|"
        "avant-hier|anteontem|l'altro ieri|eergisteren|그저께|그제|一昨日|前天",
        -1: "tomorrow|tomorrow morning|mañana|demain|amanhã|domani|내일|明日|明天",
    }.items()
    for word in words.split("|")
}
"""Days as they are said from the day of the post."""

_UNITS = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
    "cero uno/una/un dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciséis/dieciseis diecisiete dieciocho diecinueve veinte veintiuno veintidós "
    "veintitrés veinticuatro veinticinco veintiséis veintisiete veintiocho veintinueve treinta",
    "null eins/ein/eine zwei/zwo drei vier fünf/fuenf sechs sieben acht neun zehn elf "
    "zwölf/zwoelf dreizehn vierzehn fünfzehn sechzehn siebzehn achtzehn neunzehn zwanzig "
    "einundzwanzig zweiundzwanzig dreiundzwanzig vierundzwanzig fünfundzwanzig "
    "sechsundzwanzig siebenundzwanzig achtundzwanzig neunundzwanzig dreißig/dreissig",
    "zéro un/une deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf vingt",
    "zero um/uma dois/duas três/tres quatro cinco seis sete oito nove dez onze doze treze "
    "catorze/quatorze quinze dezesseis dezessete dezoito dezenove vinte",
    "zero uno/una due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove venti",
    "nul een/één twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien "
    "vijftien zestien zeventien achttien negentien twintig",
    "영/공 일 이 삼 사 오 육 칠 팔 구 십 십일 십이 십삼 십사 십오 십육 십칠 십팔 십구 이십",
    "영 하나/한 둘/두 셋/세 넷/네 다섯 여섯 일곱 여덟 아홉 열 열하나/열한 열둘/열두 열셋/열세 "
    "열넷/열네 "
    "열다섯 열여섯 열일곱 열여덟 열아홉 스물/스무",
    "零 一 二 三 四 五 六 七 八 九 十 十一 十二 十三 十四 十五 十六 十七 十八 十九 二十",
)
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")

NUMBERS = {
    **_numbered(*_UNITS),
    **{
        f"{ten}{between}{unit}".strip(" -"): number * 10 + ones
        for number, ten in enumerate(_TENS, 2)
        for ones, unit in enumerate(["", *_UNITS[0].split()[1:10]])
        for between in ("-", " ", "")
    },
    "dozen": 12,
    "a dozen": 12,
    "hundred": 100,
    "a hundred": 100,
    "one hundred": 100,
}

COUNTERS = ("명", "분", "사람", "人", "名", "명의")
"""What stands behind a number of people without a blank."""

NOBODY = _set(
    "none no nope nobody zero 0 n/a na nil nada zip zilch - -- --- – — x ø null nothing not "
    "ninguno ninguna ningunos nadie cero keine keiner kein niemand aucun aucune personne nenhum "
    "nenhuma ninguém nessuno nessuna geen 없음 없습니다 없어요 없다 없네요 없었습니다 "
    "無 无 なし 0명 無し"
)
"""What is written where there is nobody, and nothing."""

UNKNOWN = _set("? ?? ??? tbd tba tbc idk unknown unsure pending yes yep some sí ja 미정 ... …")
"""What is written where it is not known."""

MYSELF = _set(
    "me myself yhc self i us-me yours-truly ich ik yo moi io eu 나 저 본인 私 我",
    "yours truly", "your humble correspondent", "this guy", "ich selbst",
)  # fmt: skip
"""What authors write for themselves."""

AND = ("and", "plus", "with", "w/", "und", "mit", "y", "con", "et", "avec", "en", "및", "그리고",
       "と")  # fmt: skip
"""Words between two names."""

MORE = _set(
    "other others more guys guy men man hims him pax people friends friend folks dudes brothers "
    "otros más mas andere weitere autres"
)
"""What is counted without names, in "and 2 others"."""

CHILDREN = _set("kid kids child children 2.0 2.0s shorties daughter son")
ANIMALS = _set("dog dogs pup pups puppy k9 stroller strollers")

CHATTER = _set(
    "a about after again all also am an any are as at be been before but by came can coming could "
    "did do does done down each every everyone everybody few finished for from get gets getting "
    "go good got great had has have he her here his how if in into is it it's job just last "
    "led let like lots lot made make many may more most my next not of off on our out over part "
    "really said see she should showed so some still strong such take than thank thanks that "
    "their them then there these they this those to today together too took up us very want was "
    "we welcome well went were what when where which while who will with work would yet you your "
    "strong crew whole amazing awesome "
    "de del la el los las fue con por para que nos muy gracias die der das den dem war waren "
    "haben hat vom aus mit für bei danke"
)
"""Words that make a few words a sentence and no name."""
