"""Mutation tests of the network: each rule is removed, and then widened, one at a time.

If a removal breaks no required flow, the rule is unnecessary, or flows.py lacks a required flow. If
a wider rule allows no forbidden flow, flows.py lacks a forbidden flow.
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


def test_the_removal_of_each_rule_is_noticed(network: Network) -> None:
    """A required flow needs each rule that allows, and a forbidden flow each rule that denies."""
    survivors = [
        rule.id
        for rule in _rules(network)
        if not (_allows_forbidden if _denies(rule) else _blocks_required)(_mutated(network, rule))
    ]
    assert survivors == []


def test_the_widening_of_each_rule_is_noticed(network: Network) -> None:
    survivors = [
        f"{rule.id}: {what}"
        for rule in _rules(network)
        for what, wider in _widened(rule)
        if not _allows_forbidden(_mutated(network, rule, wider))
        and not _is_redundant(network, rule, wider)
    ]
    assert survivors == []


def test_one_widening_is_redundant(network: Network) -> None:
    """The port of the backend is an ephemeral port, too.

    So the entry for responses allows it from everywhere but the public tier, whatever the entry
    for the backend says. The security groups block what is no response.
    """
    redundant = [
        (wider.ports, what)
        for rule in network.entries
        for what, wider in _widened(rule)
        if _is_redundant(network, rule, wider)
    ]
    assert redundant == [((3001, 3001), "range")]


def test_every_rule_of_the_templates_is_mutated(network: Network) -> None:
    mutated = {rule.id for rule in _rules(network)}
    assert len(mutated) == len(network.entries) + len(network.rules) >= 35


def _rules(network: Network) -> list[Rule]:
    return [*network.entries, *network.rules]


def _denies(rule: Rule) -> bool:
    return rule.is_placeholder if isinstance(rule, GroupRule) else not rule.allow


def _mutated(network: Network, rule: Rule, wider: Rule | None = None) -> Network:
    """Return the network without the rule, or with a wider rule in its place.

    CDK replaces the last egress rule of a group with its placeholder.
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
    """Yield wider rules, each in one way: ports, peer or protocol. A placeholder allows all."""
    if isinstance(rule, AclEntry):
        if not rule.allow:
            yield "deny to allow", replace(rule, allow=True)
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


def _is_redundant(network: Network, rule: Rule, wider: Rule) -> bool:
    """Return whether another entry of the ACL allows what the wider entry adds."""
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


def _blocks_required(network: Network) -> bool:
    evaluator = Evaluator(network)
    return any(
        evaluator.request_blockers(flow) or evaluator.response_blockers(flow)
        for flow in required(network)
    )


def _allows_forbidden(network: Network) -> bool:
    """Return whether a layer that must block a forbidden flow no longer does."""
    evaluator = Evaluator(network)
    return any(blockers - evaluator.request_blockers(flow) for flow, blockers in forbidden(network))
