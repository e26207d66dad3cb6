"""No rule too many and none too wide: each is taken away and widened, one at a time.

A rule whose removal breaks nothing is not needed, or a flow is missing in flows.py; one whose
widening opens nothing is not guarded.
"""

from collections.abc import Iterator
from dataclasses import replace

from tests.stacks.network.flows.evaluation import Evaluator
from tests.stacks.network.flows.flows import forbidden, required
from tests.stacks.network.flows.network import (
    ALL_PORTS,
    ALL_PROTOCOLS,
    ANYWHERE,
    NOWHERE,
    AclEntry,
    GroupRule,
    Network,
)

Rule = AclEntry | GroupRule


def test_each_rule_is_needed(network: Network) -> None:
    """Without it a flow breaks; without one that only refuses, a flow opens."""
    survivors = [
        rule.id
        for rule in _rules(network)
        if not (_opens if _only_refuses(rule) else _breaks)(_changed(network, rule))
    ]
    assert survivors == []


def test_no_rule_can_be_wider(network: Network) -> None:
    survivors = [
        f"{rule.id}: {what}"
        for rule in _rules(network)
        for what, wider in _widened(rule)
        if not _opens(_changed(network, rule, wider)) and not _had_already(network, rule, wider)
    ]
    assert survivors == []


def test_one_widening_at_most_changes_nothing(network: Network) -> None:
    """ACLs cannot tell the backend's port from one that an answer comes back to.

    So the answers' entry lets it in from everywhere but the public tier, whatever its own says;
    the groups stop what is no answer.
    """
    same = [
        (wider.ports, what)
        for rule in network.entries
        for what, wider in _widened(rule)
        if _had_already(network, rule, wider)
    ]
    assert same == [((3001, 3001), "range")]


def test_every_rule_of_the_templates_is_tried(network: Network) -> None:
    tried = {rule.id for rule in _rules(network)}
    assert len(tried) == len(network.entries) + len(network.rules) >= 35


def _rules(network: Network) -> list[Rule]:
    return [*network.entries, *network.rules]


def _only_refuses(rule: Rule) -> bool:
    return rule.is_placeholder if isinstance(rule, GroupRule) else not rule.allow


def _changed(network: Network, rule: Rule, wider: Rule | None = None) -> Network:
    """Return the network without the rule, or with the wider one in its place.

    In the place of a group's last rule outwards CDK would write its placeholder.
    """
    entries = [entry for entry in network.entries if entry is not rule]
    rules = [other for other in network.rules if other is not rule]
    if isinstance(wider, AclEntry):
        entries.append(wider)
    elif isinstance(wider, GroupRule):
        rules.append(wider)
    elif isinstance(rule, GroupRule) and rule.egress and not rule.is_placeholder:
        rules.append(replace(rule, peer=NOWHERE))
    return replace(network, entries=tuple(entries), rules=tuple(rules))


def _widened(rule: Rule) -> Iterator[tuple[str, Rule]]:
    """Widen one thing: ports, the other end, the protocol. What names nobody: all at once."""
    if isinstance(rule, AclEntry):
        if not rule.allow:
            yield "refusal to permission", replace(rule, allow=True)
            return
        if rule.range != ANYWHERE:
            yield "range", replace(rule, range=ANYWHERE)
    elif rule.is_placeholder:
        yield "everything", replace(rule, peer=ANYWHERE, protocol=ALL_PROTOCOLS)
        return
    elif rule.peer != ANYWHERE:
        yield "peer", replace(rule, peer=ANYWHERE)
    if rule.protocol != ALL_PROTOCOLS:
        yield "ports", replace(rule, ports=ALL_PORTS)
        yield "protocol", replace(rule, protocol=ALL_PROTOCOLS)


def _had_already(network: Network, rule: Rule, wider: Rule) -> bool:
    """Whether a later entry of the ACL lets in all that the wider one adds."""
    if not isinstance(rule, AclEntry) or not isinstance(wider, AclEntry):
        return False
    others = [entry for entry in network.entries_of[rule.acl, rule.egress] if entry is not rule]
    return any(
        entry.allow
        and entry.protocol in (ALL_PROTOCOLS, wider.protocol)
        and entry.ports[0] <= wider.ports[0] <= wider.ports[1] <= entry.ports[1]
        and wider.range.subnet_of(entry.range)
        for entry in others
    ) and all(entry.range.subnet_of(rule.range) for entry in others if not entry.allow)


def _breaks(network: Network) -> bool:
    evaluator = Evaluator(network)
    return any(evaluator.opening(flow) or evaluator.returning(flow) for flow in required(network))


def _opens(network: Network) -> bool:
    """Whether anything that should stop a forbidden flow no longer does."""
    evaluator = Evaluator(network)
    return any(stops - evaluator.opening(flow) for flow, stops in forbidden(network))
