"""Names that are also words: alone they are taken for a name only where the words around agree."""

_WORDS = """
a abbey abbot ace acre adder admiral alba alexa ally alma alpha amber an and angel angular ant
any apollo apple april arch archer are arrow art as ash aspen aster at athena atlas august
aurora austin autumn avery azure bailey baker ball bank banks barber barn baron bars basil bay
be beach beam bean bear beau beck bee bell bench berg berry best beta big bill bird bishop
black blade blair blake bliss block bloom blossom blue bolt bond booker booth boss bow bowie
bowl box boy brady branch brand brandy bravo breeze brick bridge bridges brief bright bristol
brook brooke brooks brown buck bud buddy buffy bull bunny burns bush butcher butler by cabal
can candy cannon canon car card carol carpenter carter case casey cash cassandra castle celery
chance chandler chapel chapman charity charm chase chastity check chef chelsea cherry chester
chin china chip chips christian church cicero cinnamon city clay clear cliff close cloud
clover coal coast cobb coco cody coffee cole colon colt comet constance cook cookie cooper
coral core corn cotton couch count court cove cowboy crane crew crisp crop cross crow cruise
cruz crystal curry curtain cutter cypress daisy dale dallas dan dane dash data date dawn day
days deacon deal dean dear december dee dell delta denver desire destiny dexter diamond dick
dime dixie do dodge doe doll dolly dong dot dove drake draw dream drew drummer duke dusty
eagle earl early earnest ease east easter echo eden elder elm em ember emerald english evening
ever fair faith falcon fall fame fan fargate farmer fast fawn fay fern field fields finch fine
finger finn fire fish fisher flask fleet flint flora florence flower flowers flynn fog ford
forest forrest fort forte fortune foster fox frame france francs frank franklin free freedom
freeman french frost gage gale game garden gardener gardner garland gay gem gene general gent
george georgia gerrit ginger glass glen glenn glory go gold golden good goodman goose grace
grafana gram grand grant gray greek green grey griffin groovy grove guest guide gun gunner guy
ha hack hadoop hall halo ham hand harbor hardy harmony harp harper harris hart haven hawk hay
hays hazel he head heath heather heaven helm herald hero hi hill hills hive ho hobby holiday
holly home honest honey honor hood hook hope horn house houston howl hu hunt hunter i ice in
india indigo ink iris iron is isle israel it ivory ivy jack jackson jade jasper java jay jazz
jean jenkins jersey jest jet jewel jin job joe john jordan journey joy judge julia july june
juniper justice justin kafka kale karma ken kent key keys kid kind king kit kitty knight ko ku
la lace lake lamb lambda lance land lane lark laurel lavender law lazy le lead leaf lee legend
lemon leo levy li liberty lily lime lincoln linden link lion little london long lord lore
lotus love lovely loyal luck lucky luna lux lynx ma mac madison magic magnolia major man
manning maple marble march marina mark market marks marsh marshal marshall mason master mate
matt maven max may mayor me meadow mercy merit merry mi mike mild miles mill miller mills milo
min mina mint miracle miss misty mo modest mole monday monk moon moor moore moral morning moss
mount mouse muse music my myth nail nature navy nero nest new news nexus nice nick night
nimbus no noble noel noh noon norm norman north nova november oak oakley ocean octave october
of oh olive omega on opal opera or oracle orange orchid orion page pages paige painter palm
pan pansy paper paris park parker parks parrish pascal pastor pat patience patty paul pawn pea
peace peach pearl peg pen penny pepper perch perry pet petal peter phoenix pierce pike pilot
pine piper pitt plant plum point pole polly pond poole poor pop pope poppy porter post pot
potter power powers prairie precious presley price pride priest prince princess prize prophet
prudence prune pull puppet purple python queen quest quick quill rabbit race rae rain rainbow
ram ran ranch random range ranger raven ray read real rebel red redis redshift reed reef reese
regal remedy rest rex rhea rice rich ridge right ring rio rise river rivers road rob robin
rock rocket rocky roger roman rook root rosa rose rosemary roses rosy rough round rowan royal
ruby ruff rush rusty rye sadie safe sage sailor saint sally salt sam sandy savage savannah
sawyer scarlet scott scout sea seal season seed september sequoia seven shade shadow shadows
shah sharp shaw shell shepherd sherry shine ship shore short sierra silver sin sing singer
singh siri skip sky slate sloan small smart smith snow so sol song sonny soo south spark
sparks spears spring stage star stark stars steel steele stella stem step stern stock stone
stones storm story strange street strong sue sugar sullivan summer summers sun sunday sunny
surf swan sweet swift sword sydney tab tailor talent tan tang tanner tate taylor teal temple
terry tesla texas the theme thorn tide tiger time tin tiny to todd token tom too topaz tower
town trace tracy trail travis treasure tree trent trinity trip true trust tucker tulip tuna
turner twain ty unity up us usher vale valentine valor van vance venus vera vernon victor
victoria victory viking vine viola violet virginia virtue vista wade wagner walk walker wall
waller walls walter ward warden ware warner warren watch water waters watson wave way wayne we
weaver webb webber week weeks well wells west wheat wheel wheeler whit white wide wild will
willow wills win wind windsor wine wing winner winter winters wise wish wolf wolfe won wonder
wood wooden woods woody word words wren wright wynn yale yarrow ye year york you young zen
zero zion
"""
_MONTHS = "january february march april may june july august september october november december"
_WEEKDAYS = "monday tuesday wednesday thursday friday saturday sunday"

WORDS = frozenset(_WORDS.split()) | frozenset(_MONTHS.split()) | frozenset(_WEEKDAYS.split())
"""Words of English, places and products that are also given to people as names."""

DATES = frozenset(_MONTHS.split()) | frozenset(_WEEKDAYS.split())
"""Those that name a time: `by May` is hardly ever a person."""

_NO_NAMES = """
she her hers he him his they them their theirs it its ze hir xe any all pronouns team bot app
admin support help sales product design engineer engineering developer dev ops marketing finance
legal people office ooo vacation away pto leave user guest test demo account service system slack
github jira the and for with from ceo cto cfo coo vp head lead manager director intern mr mrs ms
dr jr sr ii iii iv phd md
"""
NO_NAMES = frozenset(_NO_NAMES.split())
"""What stands in names of the directory and is no part of a name that tells anybody."""

_PARTICLES = """
von van der den de da di du la le el al bin ibn ben y e
"""
PARTICLES = frozenset(_PARTICLES.split())
"""Parts of names that are none alone."""

_KOREAN_WORDS = """
이정도 이번주 이번달 이하나 한가지 한나라 정말로 주어진 안정화 고수준 이상한 이상무 한마디 이모든
전체적 정의로 조금만 노트북 이미지 이유진상 장단점 주의점 하나도 유지비 조사중 임시로 신나라
강남구 서울시 성인지 안전한 양방향 이동중 정확한 조용한 한국어 한글로 한동안 지수화 최소한 최대한
최신화 최우선 기다림 남아도 노하우 하루만
"""
KOREAN_WORDS = frozenset(_KOREAN_WORDS.split())
"""Korean words that read like a whole name; they need a title behind them."""
