"""Posts that speak of backblasts, or look like one, and are none."""

A, B, C = "<@U0000000AA>", "<@U0000000BB>", "<@U0000000CC>"
_WORDS = ["backblast", "Backblast", "BACKBLAST", "back blast", "Slackblast"]
_SAYINGS = [
    "Great {} yesterday",
    "Great {} yesterday, {a}! Loved it.",
    "{} coming later",
    "{} coming soon, promise. Q: {a}",
    "{} to follow",
    "{} to come. Thanks for posting {a} {b} {c}",
    "who has the {}?",
    "Who is writing the {} for The Mine? Q: {a}",
    "has anyone posted the {} from Saturday?",
    "I'll post the {} tonight",
    "{a} will post the {} tonight. Count: 12",
    "can someone add me to the {}? PAX: me",
    "{a} forgot to tag me in the {}",
    "{a} your {} is missing the date",
    "Don't forget your {}s this week",
    "{} reminder: Date, AO, Q, PAX, FNGs, Count",
    "{} reminder\nDate: required\nQ: required\nPAX: tag everyone\nCount: required",
    "{} template:\nDate: 11/20/2026\nAO: #ao-the-mine\nQ: {a}\nPAX: {a} {b}\nCount: 2",
    "Here is the {} template\n\nBackblast\nDate: MM/DD/YYYY\n"
    "AO: #channel\nQ: @name\nPAX: @name\nCount: #",
    "Please use this format for every {}:\nBackblast\nDate: 11/20/2026\nQ: {a}\nPAX: {a} {b}",
    "How to write a {}:\n\nBackblast!\nDate: 11/20/2026\n"
    "AO: The Mine\nQ: {a}\nPAX: {a} {b} {c}\nCount: 3",
    "{}!\nDate:\nAO:\nQ:\nPAX:\nFNGs:\nCount:",
    "{} recap for the week:\nCount: we had 45 posts\nGreat job everyone",
    "Weekly {} recap\nQ: {a} led 3\nPAX: 45 posted\nCount: 45",
    "{} roundup\nDate: week of 11/16/2026\nQ: {a}, {b}, {c}\nCount: 120",
    "{} leaderboard\nQ: {a} 12\nPAX: {b} 20\nTotal: 32",
    "{} stats for November\nTotal: 312\nFNGs: 8\nQ: {a}",
    "{} of the month goes to {a}! Q: {a} PAX: {b} {c} Count: 3",
    "Preblast for tomorrow, {} after\nDate: 11/21/2026\nAO: The Mine\nQ: {a}\nPAX: you!",
    "Preblast!\nDate: 11/21/2026\nAO: The Mine\nQ: {a}\nWhat: burpees\n{} will follow",
    "Pre-blast\nWhen: 11/21 0530\nWhere: The Mine\nQ: {a}\nPAX: {b} {c} are in",
    "*Preblast: Saturday convergence*\nDate: 11/21\n"
    "Q: {a}\nCo-Q: {b}\nPAX: all\n\nSee last week's {}",
    "&gt; {}!\n&gt; Date: 11/20/2026\n&gt; AO: The Mine\n"
    "&gt; Q: {a}\n&gt; PAX: {a} {b}\n&gt; Count: 2",
    "> {}!\n> Date: 11/20/2026\n> AO: The Mine\n"
    "> Q: {a}\n> PAX: {a} {b}\n> Count: 2\n:100: this one",
    "&gt;&gt;&gt; {}!\nDate: 11/20/2026\nAO: The Mine\nQ: {a}\nPAX: {a} {b}\nCount: 2",
    "```{}!\nDate: 11/20/2026\nAO: The Mine\nQ: {a}\nPAX: {a} {b}\nCount: 2```",
    "Copy this:\n```\n{}!\nDate: 11/20/2026\nQ: {a}\nPAX: {a} {b}\n```\nand fill it in",
    "the `{}` keyword has to be on its own line, then Date: and Q: and PAX:",
    "Date: 11/20/2026\nAO: The Mine\nQ: {a}\nPAX: {a} {b}\nCount: 2",
    "Q: {a}\nPAX: {b}\n",
    "Is a {} still needed if only two posted? Q: {a} PAX: {b}",
    "{}? Where? Q: {a}",
    "Do we count kids in the {}? Count: ?",
    "that {} was hilarious {a}",
    "{}s are due by Friday. Q: {a} Co-Q: {b}",
    "{} bot imported 3 posts\nDate: 11/20/2026\nCount: 3",
    "No {} today, nobody came. Count: 0",
    "In the {} channel, please. Q: {a} PAX: {b}",
    "Every {} needs: Date: when, AO: where, Q: {a}, PAX: {b} {c}",
    "{} test\nDate: 11/20/2026\nQ: {a}\nPAX: {a}",
    "Thanks {a} for the {}! Count: 12 is a new record",
    "Looking for the {} from 11/20/2026, Q was {a}, PAX were {b} and {c}",
    "{a} can you fix the {}? The count should be 14, PAX: add {b}",
    "The {} says Q: {a} but it was {b}",
    "please read the {} from The Mine",
    "I loved reading that {}: {a} {b} {c}",
    "Still waiting on the {} from Saturday. Q: {a}. PAX: {b}, {c}",
    "백블라스트 양식:\n{}\n날짜: \n리더: \n참석자: ",
    "¿Quién tiene el {}? Q: {a}",
    "Wer schreibt den {}? Q: {a}",
]

SAID = sorted({saying.format(word, a=A, b=B, c=C) for saying in _SAYINGS for word in _WORDS})
"""All of it: some three hundred posts."""
