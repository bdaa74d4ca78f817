"""Names that are also words: alone they are taken for a name only where the words around agree."""

_WORDS = """
a an and any are as at be big boy by can chin dan day dee do doe dong em go ha ham he hi ho hu i in
is it jin joy ko ku la le li long ma man me min mi mo my new no noh of oh on or pan ran sin sing so
song soo sun tan tang the to too up us van we won ye you
abbey abbot ace acre adder admiral alba ally alma alpha amber angel apple apollo april archer arch
arrow art ash aspen aster atlas august aurora austin autumn avery azure bailey baker ball banks bank
barber baron barn bars basil bay beach bean bear beau beck bee bell bench berg berry best beta bill
bird bishop black blade blair blake bliss block bloom blossom blue bolt bond booker booth boss bow
bowie bowl box brady branch brand brandy bravo breeze brick bridge bridges brief bright bristol brook
brooke brooks brown buck bud buddy buffy bull bunny burns bush butcher butler cabal can candy cannon
canon car card carol carpenter carter case cash casey castle chance chandler chapel chapman charity
charm chase chastity check cherry chelsea chester chip chips christian cook church china cicero cinnamon city clay clear
cliff close cloud clover coal coast cobb coco cody coffee cole colon colt comet constance cook cookie
cooper coral core corn cotton couch count court cove cowboy crane crew crisp crop cross crow crystal
cruise cruz curry cruise curtain cutter cypress daisy dale dallas dane dash data date dawn day days
deacon dean deal dear december dell delta denver desire destiny dexter diamond dick dime dixie dodge
doll dolly dot dove drake draw dream drew drummer duke dusty eagle earl early earnest ease east easter echo
eden elder elm ember emerald english ever evening faith fair falcon fall fame fan farmer fast fawn
fay fern field fields finch fine finger finn fire fish fisher fleet flint flora florence flower flowers
flynn fog ford forest forrest fort forte fortune foster fox frame france francs frank franklin free
freedom freeman french frost gage gale game garden gardener gardner garland gay gem gene general gent
george georgia ginger glass glen glenn glory gold golden good goodman goose grace gram grand grant gray
green greek grey griffin grove guest guide gun gunner guy hack hall halo hand harbor hardy harmony harp
harper harris hart haven hawk hay hays hazel head heath heather heaven helm herald hero hill hills hive
hobby holiday holly home honest honey honor hood hook hope horn house houston howl hunt hunter ice
india indigo ink iris iron isle israel ivory ivy jack jackson jade jay java jazz jean jersey jet jewel
job joe john jordan journey joy judge julia july june juniper justice justin kale karma ken kent key
keys kid kind king kit kitty knight lace lake lamb lance land lane lark laurel lavender law lazy lead
leaf lee legend lemon leo levy liberty lily lime linden link lincoln lion little london long lord lore
lotus love lovely loyal luck lucky luna lux lynx mac madison magic magnolia major manning maple marble march
marina mark marks marina market marsh marshal marshall mason master mate matt max may mayor meadow
mercy merit merry mild miles mill miller mills milo mina mint miracle miss misty mike modest mole monday monk
moon moor moore moral morning moss mount mouse muse music myth nail nature navy nero nest news nice nick
night nimbus noble noel noon norm norman north nova november oak oakley ocean octave october olive omega
opal opera oracle orange orchid orion page pages paige painter palm pan pansy paper paris park parker parks
parrish pascal pastor pat patience patty paul pawn pea peace peach pearl peg pen penny pepper perch
perry pet petal peter phoenix pierce pike pilot pine piper pitt plant plum point pole polly pond poole
poor pop pope poppy porter post pot potter power powers prairie precious presley price pride priest prince
princess prize prophet prudence prune pull purple python queen quest quick quill rabbit race rae rain
rainbow ram ranch random range ranger raven ray read real rebel red reed reef reese regal remedy rest
rex rhea rice rich ridge right ring rio rise river rivers road rob robin rock rocket rocky roger roman
rook root rosa rose roses rosemary rosy rough round rowan royal ruby ruff rush rusty rye sadie safe sage
sailor saint sally salt sam sandy savage savannah sawyer scarlet scott scout sea seal season seed
september sequoia seven shade shadow shadows shah sharp shaw shell shepherd sherry shine ship shore short
sierra silver singer singh sky skip slate sloan small smart smith snow sol sonny south spark sparks spears spring
stage star stark stars steel steele stella stem step stern stock stone stones storm story strange street
strong sue sugar sullivan summer summers sunday sunny surf swan sweet swift sword sydney tab tailor talent tanner
tate taylor teal temple terry tesla texas theme thorn tide tiger time tin tiny todd token tom topaz tower
town trace tracy trail treasure tree trent trinity trip true trust tucker tulip tuna turner twain ty
unity usher vale valentine valor vance venus vera vernon victor victoria victory viking vine viola violet
virginia virtue vista wade wagner walk walker wall waller walls walter ward warden ware warner warren
watch water waters wave way wayne weaver webb webber week weeks well wells west wheat wheel wheeler white
whit wide wild will willow wills win wind windsor wine wing winner winter winters wise wish wolf wolfe wonder wood
woods wooden woody word words wren wright wynn yale yarrow year jenkins travis jasper gerrit alexa siri watson nexus celery lambda redis cassandra grafana puppet chef angular ember flask julia kafka maven ant groovy spark storm beam hadoop athena aurora fargate redshift basil cypress jest year york young zen zero zion
"""
_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"

WORDS = frozenset(_WORDS.split()) | frozenset(_MONTHS.split()) | frozenset(_WEEKDAYS.split())
"""Words of English, places and products that are also given to people as names."""

DATES = frozenset(_MONTHS.split()) | frozenset(_WEEKDAYS.split())
"""Those that name a time: `by May` is hardly ever a person."""

NO_NAMES = frozenset(
    "she her hers he him his they them their theirs it its ze hir xe any all pronouns team bot app admin support help sales "
    "product design engineer engineering developer dev ops marketing finance legal people office ooo vacation away pto leave "
    "user guest test demo account service system slack github jira the and for with from ceo cto cfo coo vp head lead manager "
    "director intern mr mrs ms dr jr sr ii iii iv phd md".split()
)
"""What stands in names of the directory and is no part of a name that tells anybody."""

PARTICLES = frozenset("von van der den de da di du la le el al bin ibn ben y e".split())
"""Parts of names that are none alone."""

KOREAN_WORDS = frozenset(
    "이정도 이번주 이번달 이하나 한가지 한나라 정말로 주어진 안정화 고수준 이상한 이상무 한마디 이모든 전체적 정의로 조금만 "
    "노트북 이미지 이유진상 장단점 주의점 하나도 유지비 조사중 임시로 신나라 강남구 서울시 성인지 안전한 양방향 이동중 정확한 "
    "조용한 한국어 한글로 한동안 지수화 최소한 최대한 최신화 최우선 기다림 남아도 노하우 하루만".split()
)
"""Korean words that read like a whole name; they need a title behind them."""
