"""The messages of paper-kettle only."""

from shared.i18n.messages import Translation

MESSAGES = {
    "create_summary": Translation(
        "paper-kettle: {cups} cup(s), key {key}.", "paper-kettle：{cups} 杯，密钥 {key}。"
    ),
}
