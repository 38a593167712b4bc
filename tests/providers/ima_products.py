"""The product list of the simulated IMA: wanted and unwanted leaves, nested groups, oddities that were seen."""

from __future__ import annotations

from typing import Any

FLASH, PRO = "gemini-3.1-flash-image", "gemini-3-pro-image"
FLASH_VERSION, OLD_FLASH_VERSION, PRO_VERSION = f"{FLASH}-preview", f"{FLASH}-preview-0900", f"{PRO}-preview"
FLASH_POINTS = {"512px": 4, "1K": 6, "2K": 10, "4K": 13}
PRO_POINTS = {"text_to_image": {"1K": 10, "2K": 10, "4K": 18}, "image_to_image": {"1K": 10, "2K": 10, "4K": 10}}
FIRST_FLASH_RULE = {"text_to_image": 4400, "image_to_image": 4404}
FIRST_PRO_RULE = {"text_to_image": 2399, "image_to_image": 2402}


def tree(task_type: str) -> list[dict[str, Any]]:
    """Make the `data` of a product list."""
    flash = leaf(FLASH, FLASH_VERSION, "Nano Banana2", _form(), rules(FIRST_FLASH_RULE[task_type], FLASH_POINTS))
    old = leaf(FLASH, OLD_FLASH_VERSION, "Nano Banana2", _form(), rules(4300, {"1K": 8, "2K": 12}))
    pro_rules = rules(FIRST_PRO_RULE[task_type], PRO_POINTS[task_type])
    pro_rules[0]["attributes"]["default"] = "enabled"
    pro = leaf(PRO, PRO_VERSION, "Nano Banana Pro", _virtual_form(), pro_rules)
    other = leaf("midjourney-v7", "midjourney-v7", "Midjourney", _form(), rules(9100, {"1K": 30}))
    return [
        group("Midjourney", [other]),
        group("Coming soon", None),
        group("Google", [group("Nano Banana", [group("Older", [old]), flash]), group("Empty", []), pro]),
        leaf("seedream-4", "seedream-4", "SeeDream 4", [], []),
    ]


def group(name: str, children: list[dict[str, Any]] | None) -> dict[str, Any]:
    """Make a node that cannot be generated with."""
    return {"id": name.lower(), "type": "2", "name": name, "children": children}


def leaf(
    model_id: str, version: str, name: str, form: list[dict[str, Any]], credit_rules: list[dict[str, Any]]
) -> dict[str, Any]:
    """Make a product."""
    return {
        "id": version,
        "type": "3",
        "name": name,
        "model_id": model_id,
        "form_config": form,
        "credit_rules": credit_rules,
        "children": None,
    }


def rules(first_id: int, points_by_size: dict[str, int]) -> list[dict[str, Any]]:
    """Make one rule for each size."""
    return [
        {"attribute_id": first_id + number, "points": points, "attributes": {"size": size}}
        for number, (size, points) in enumerate(points_by_size.items())
    ]


def leaves(nodes: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """List the products of a tree."""
    found = [node for node in nodes if node["type"] == "3"]
    for node in nodes:
        found += leaves(node["children"] or [])
    return found


def _form() -> list[dict[str, Any]]:
    return [{"field": "size", "value": "1K"}, {"field": "aspect_ratio", "value": "1:1"}]


def _virtual_form() -> list[dict[str, Any]]:
    clarity = {"standard": "1K", "high": "2K", "ultra": "4K"}
    return [
        {"field": "aspect_ratio", "value": "1:1"},
        {
            "field": "clarity_panel",
            "value": None,
            "is_ui_virtual": True,
            "ui_params": [{"field": "clarity", "value": "standard"}],
            "value_mapping": {
                "target_param": "size",
                "mapping_rules": [
                    {"source_values": {"clarity": shown}, "target_value": size} for shown, size in clarity.items()
                ],
            },
        },
    ]
