"""Slack's own notices of what happens to channels: comings, goings, topics, names, archiving."""

from hubbub.simulator.places import Place, Stay
from hubbub.simulator.town import Town


def announce(town: Town, place: Place) -> None:
    """Post the notices of one channel, from its opening to its closing."""
    if place.kind in {"im", "mpim"}:
        return
    for stay in place.stays:
        _announce_stay(town, place, stay)
    _announce_topic(town, place)
    if place.renamed and place.former_name and place.renamed < town.until:
        town.notice(
            place,
            place.creator.id,
            place.renamed,
            "channel_name",
            f'has renamed the channel from "{place.former_name}" to "{place.name}"',
            old_name=place.former_name,
            name=place.name,
        )
    if place.archived and place.archived < town.until:
        text = f"<@{place.creator.id}> archived the channel"
        town.notice(place, place.creator.id, place.archived, "channel_archive", text)


def _announce_stay(town: Town, place: Place, stay: Stay) -> None:
    scope = "group" if place.kind == "group" else "channel"
    user_id = stay.member.id
    inviters = [m for m in place.present(stay.since - 1) if m.standing in {"owner", "admin"}]
    fields: dict[str, object] = {}
    if inviters and town.rng.random() < 0.15:
        fields["inviter"] = town.rng.choice(inviters).id
    text = f"<@{user_id}> has joined the {scope}"
    town.notice(place, user_id, stay.since, f"{scope}_join", text, **fields)
    # Closing an account leaves no notice; walking out of a channel does.
    if stay.until is not None and stay.until != stay.member.left and stay.until < town.until:
        text = f"<@{user_id}> has left the {scope}"
        town.notice(place, user_id, stay.until, f"{scope}_leave", text)


def _announce_topic(town: Town, place: Place) -> None:
    scope = "group" if place.kind == "group" else "channel"
    creator = place.creator.id
    for delay, what, value in ((30, "purpose", place.purpose), (60, "topic", place.heading)):
        text = f"<@{creator}> set the {scope} {what}: {value}"
        at = place.opened + delay
        if at < town.until:
            town.notice(place, creator, at, f"{scope}_{what}", text, **{what: value})
