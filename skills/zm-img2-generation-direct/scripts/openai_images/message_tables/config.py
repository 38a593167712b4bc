"""The messages about the provider in OpenClaw's configuration, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

PROVIDER = {
    "config_missing": Translation(
        "OpenClaw's configuration {path} does not exist, so there is no provider {name}.",
        "找不到 OpenClaw 配置文件 {path}，因此没有服务商 {name}。",
    ),
    "config_missing.hint": Translation(
        "Create the file {path} with this content:  {{ {snippet} }}", "请新建文件 {path}，内容为：{{ {snippet} }}"
    ),
    "outermost_braces": Translation("the outermost braces", "最外层花括号"),
    "config_unreadable": Translation(
        "OpenClaw's configuration {path} cannot be read: {reason}.",
        "无法读取 OpenClaw 配置文件 {path}：{reason}。",
    ),
    "config_unreadable.hint": Translation(
        "Correct the file; `openclaw doctor` shows where the error is.",
        "请修正该文件；`openclaw doctor` 会指出出错位置。",
    ),
    "not_json5": Translation("it is not valid JSON5", "不是合法的 JSON5"),
    "provider_missing": Translation(
        "There is no provider {name} in {path} (models.providers).",
        "{path} 中没有服务商 {name}（models.providers）。",
    ),
    "prices_invalid": Translation(
        "{what} in {path} is not a valid price table: {detail}.", "{path} 中的 {what} 不是有效的价格表：{detail}。"
    ),
    "prices_invalid.hint": Translation(
        "See references/prices.md for the format. Prices are numbers of at least 0; units are million_tokens and image.",
        "格式见 references/prices.md。价格为不小于 0 的数字，单位为 million_tokens 或 image。",
    ),
    "model_missing": Translation(
        "Provider {name} lists its models in {path}, but {model} is not one of them.",
        "服务商 {name} 在 {path} 中列出了模型，但其中没有 {model}。",
    ),
    "provider_incomplete": Translation("{what} {state} in {path}.", "{path} 中的 {what} {state}。"),
    "value_missing": Translation("is missing", "缺失"),
    "value_empty": Translation("is set but empty", "已设置，但内容为空"),
    "variable_missing": Translation(
        "{what} in {path} names the variable {variable}, which {state}.",
        "{path} 中的 {what} 引用了变量 {variable}，而该变量{state}。",
    ),
    "variable_not_set": Translation("is not set", "未设置"),
    "variable_empty": Translation("is set but empty", "已设置，但内容为空"),
    "variable_unresolved": Translation("is set to the name of another variable", "的内容是另一个未解析的变量名"),
    "variable_missing.hint": Translation(
        "Set {variable} where OpenClaw's gateway starts, in .env of OpenClaw's state folder, or in "
        "env.vars of its configuration. Then run the same command again.",
        "请在启动 OpenClaw 网关的环境、OpenClaw 状态目录的 .env，或 OpenClaw 配置的 env.vars 中设置 {variable}，然后再运行同一条命令。",
    ),
    "base_url_unencrypted": Translation(
        "{source} uses http to reach {host}, another machine on a private network: the key would be sent "
        "unencrypted.",
        "{source} 通过 http 访问内网中的另一台机器 {host}，密钥会以明文发送。",
    ),
    "base_url_unencrypted.hint": Translation(
        "Do one of these: put TLS in front of that server and use https://; or open a tunnel, such as ssh "
        "-L 3000:127.0.0.1:3000 {host}, and use http://127.0.0.1:3000/v1; or, if you trust everyone on "
        "that network, write into {path}, inside {place}:  {line}",
        "请任选一种办法：在该服务前加上 TLS 并改用 https://；建立隧道（例如 ssh -L "
        "3000:127.0.0.1:3000 {host}）并改用 "
        "http://127.0.0.1:3000/v1；如果信任该网络中的所有人，也可在 {path} 的 "
        "{place} 之内写入：{line}",
    ),
    "setting_from": Translation("{what} is read from {path}", "{what} 来自 {path}"),
    "setting_variable": Translation("the variable {variable} is set in {source}", "变量 {variable} 来自 {source}"),
    "setting_address": Translation("requests go to {address}", "请求发往 {address}"),
    "setting_unencrypted": Translation(
        "the key is sent to {address} unencrypted, because request.allowPrivateNetwork is set",
        "由于设置了 request.allowPrivateNetwork，密钥会以明文发往 {address}",
    ),
    "secret_malformed": Translation(
        "{what} is neither text nor a secret reference that can be resolved here.",
        "{what} 既不是文本，也不是可以在此解析的密钥引用。",
    ),
    "secret_malformed.hint": Translation(
        "In {path}, use plain text, a variable such as ${{NAME}}, or {{source: env or file, provider, id}}.",
        "请在 {path} 中使用明文、${{NAME}} 这样的变量，或 {{source: env 或 file, provider, id}}。",
    ),
    "secret_source_refused": Translation(
        "{what} is a secret with the source {source}, which only OpenClaw's gateway can read.",
        "{what} 的密钥来源是 {source}，只有 OpenClaw 网关能够读取。",
    ),
    "secret_source_refused.hint": Translation(
        "In {path}, use a variable such as ${{NAME}} or a secret of the source env or file for this value.",
        "请在 {path} 中为该项改用 ${{NAME}} 变量，或来源为 env、file 的密钥。",
    ),
    "secret_file_unreadable": Translation(
        "{what} refers to the secrets file {path}, but the secret cannot be read from it.",
        "{what} 引用了密钥文件 {path}，但无法从中读到该密钥。",
    ),
    "secret_file_unreadable.hint": Translation(
        "Correct its id in {config}, or that file.", "请修正 {config} 中的 id，或修正该文件。"
    ),
    "header_invalid": Translation(
        "{what} is not an extra header that can be sent; the key and the request format are not set there.",
        "{what} 不是可以发送的附加请求头；密钥与请求格式不在此处设置。",
    ),
    "key_missing": Translation(
        "The provider has no usable apiKey ({passed_over}).", "服务商没有可用的 apiKey（{passed_over}）。"
    ),
    "key_missing.hint": Translation(
        'Write a variable such as "${{IMAGE_PROVIDER_KEY}}" there and set it where OpenClaw starts, or write the key '
        "itself there. Do it in {config} yourself, never in a chat.",
        '请在该处填写 "${{IMAGE_PROVIDER_KEY}}" 这样的变量，并在启动 OpenClaw 的环境中设置它；也可直接填写密钥。'
        "请自行编辑 {config}，切勿发到聊天里。",
    ),
    "key_refused": Translation(
        "The provider does not accept the key (HTTP {status}): {words}.",
        "服务商不接受该密钥（HTTP {status}）：{words}。",
    ),
    "key_refused.hint": Translation(
        "Correct {key_place}. Nothing was charged.", "请修正{key_place}。本次未扣费。"
    ),
    "place_in_file": Translation("{what} in {path}", " {path} 中的 {what}"),
    "place_of_variable": Translation(
        "the variable {variable}, which is set in {source} and named by {what} in {path}",
        "变量 {variable}（在{source}中设置，由 {path} 中的 {what} 引用）",
    ),
    "service_without_list": Translation(
        "{service} is reachable but does not list models, so the key could not be tested; most addresses "
        "end in /v1",
        "{service} 可以访问，但不提供模型列表，无法验证密钥；地址通常以 /v1 结尾",
    ),
}
for _code in ("provider_missing", "provider_incomplete", "model_missing"):
    PROVIDER[f"{_code}.hint"] = Translation(
        "Write into {path}, inside {place}:  {line}", "请在 {path} 的 {place} 之内写入：{line}"
    )
PROVIDER["header_invalid.hint"] = Translation("Correct it in {path}.", "请在 {path} 中改正。")
PROVIDER["base_url_invalid.hint"] = Translation(
    "Correct it in that file; it usually ends in /v1, such as https://your-provider.example/v1.",
    "请在该文件中改正；地址通常以 /v1 结尾，例如 https://your-provider.example/v1。",
)
