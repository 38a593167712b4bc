"""The messages of every skill, English and Chinese side by side."""

from __future__ import annotations

from typing import NamedTuple


class Translation(NamedTuple):
    """One message in both languages, with the same `{placeholders}`."""

    en: str
    zh: str


class MessageRef(str):  # noqa: SLOT000  - a str cannot have slots
    """A fact that is itself a message of the catalog: its id, and the facts that fill it."""

    facts: dict[str, object]

    def __new__(cls, message: str, **facts: object) -> MessageRef:
        """Return the id with its facts."""
        said = super().__new__(cls, message)
        said.facts = facts
        return said


class SystemReason(str):
    """The system's text for a disk error; `cause` is the message with the same meaning, if there is one."""

    __slots__ = ("cause",)
    cause: MessageRef | None

    def __new__(cls, words: str, cause: MessageRef | None) -> SystemReason:
        """Return the words with their cause."""
        reason = super().__new__(cls, words)
        reason.cause = cause
        return reason


class CommandText(str):
    """A fact that is a command to run: its URLs keep their queries, because they are part of the request."""

    __slots__ = ()


INPUT = {
    "usage": Translation("Invalid command line: {detail}", "命令行参数有误：{detail}"),
    "usage.hint": Translation("See: python3 {launcher} --help", "用法请见：python3 {launcher} --help"),
    "option_missing": Translation(
        "{flag} is required; choose one of: {expected}.", "缺少 {flag}，可选值：{expected}。"
    ),
    "not_one_of": Translation(
        "{flag} must be one of: {expected} (got {got}).", "{flag} 的值 {got} 无效，可选值：{expected}。"
    ),
    "not_a_number": Translation(
        "{flag} must be a number from {least} to {most} (got {got}).",
        "{flag} 的值 {got} 无效，应为 {least} 到 {most} 之间的数字。",
    ),
    "variant_invalid": Translation(
        "{flag} must be a single line of at most {most} characters (got {got}).",
        "{flag} 的值 {got} 无效，应为不超过 {most} 个字符的单行文字。",
    ),
    "result_file_invalid": Translation(
        "{flag} must be a file in an existing folder (got {got}).",
        "{flag} 的值 {got} 无效，应为已有文件夹中的文件。",
    ),
    "result_file_taken": Translation(
        "{flag}: {got} already exists and is not an earlier result, so it is not replaced. Choose another name or remove the file.",
        "{flag}：{got} 已存在，且不是之前的结果文件，因此不会覆盖。请换一个文件名，或先删除该文件。",
    ),
    "result_file_link": Translation(
        "{flag}: {got} is a symbolic link. Give the path of the file itself.",
        "{flag}：{got} 是符号链接，请直接指定文件本身。",
    ),
    "output_dir_invalid": Translation(
        "{flag} must be a folder (got {got}).", "{flag} 的值 {got} 无效，应为文件夹路径。"
    ),
    "output_dir_in_skill": Translation(
        "{flag}: {got} is inside the skill folder {skill}, and an update of the skill would delete it. Choose a folder outside it.",
        "{flag}：{got} 位于技能目录 {skill} 内，更新技能时会被删除。请选择其他位置。",
    ),
    "prompt_missing": Translation("The prompt is missing.", "缺少提示词。"),
    "prompt_missing.hint": Translation(
        "Add --prompt TEXT or --prompt-file FILE (- reads standard input).",
        "请加上 --prompt 文字，或 --prompt-file 文件（- 表示从标准输入读取）。",
    ),
    "prompt_twice": Translation(
        "Use either --prompt or --prompt-file, not both.", "--prompt 与 --prompt-file 只能使用其中一个。"
    ),
    "prompt_empty": Translation(
        "{flag} contains no text. Describe the image you want.", "{flag} 中没有文字，请描述想要的图片。"
    ),
    "prompt_holds_key": Translation(
        "{flag} contains what looks like an API key, so nothing was sent.",
        "{flag} 中含有疑似 API 密钥的内容，因此没有发送。",
    ),
    "prompt_holds_key.hint": Translation(
        "Remove it from the prompt. A key that was typed into a chat or a prompt is no longer secret: revoke it at the "
        "service, and set a new one where doctor.py says that the key comes from.",
        "请从提示词中删除它。发到聊天或提示词里的密钥已不再保密：请在服务商处作废，并在 doctor.py 指出的位置设置新密钥。",
    ),
    "prompt_invisible": Translation(
        "{flag} contains only invisible characters. Describe the image you want.",
        "{flag} 中只有不可见字符，请描述想要的图片。",
    ),
    "prompt_not_utf8": Translation("{flag} is not UTF-8 text.", "{flag} 的内容不是 UTF-8 文本。"),
    "prompt_too_large": Translation(
        "{flag} is too large: {size} bytes (at most {largest}).",
        "{flag} 过大：{size} 字节，上限为 {largest} 字节。",
    ),
    "prompt_control_character": Translation(
        "{flag} contains the control character {character} at position {position}. Remove it (line breaks and tabs are allowed).",
        "{flag} 的第 {position} 个字符是控制字符 {character}，请删除（可以保留换行和制表符）。",
    ),
    "prompt_file_unreadable": Translation(
        "{flag} {file} cannot be read: {reason}.", "无法读取 {flag} {file}：{reason}。"
    ),
    "nothing_written": Translation("it is a pipe that no process writes to", "它是管道，但没有进程向其中写入内容"),
    "stdin_closed": Translation("standard input is closed", "标准输入已关闭"),
    "stdin_twice": Translation(
        "--api-key-stdin and --prompt-file - cannot both read standard input. Pass one of them another way.",
        "--api-key-stdin 和 --prompt-file - 不能同时读取标准输入，请将其中一个改用其他方式传入。",
    ),
    "url_refused": Translation(
        "{flag} must be the public https URL of an image; {got} was rejected: {reason}.",
        "{flag} 应为可公开访问的 https 图片网址；{got} 不可用：{reason}。",
    ),
    "url_control_character": Translation("it contains a space or an invisible character", "含有空格或不可见字符"),
    "url_malformed": Translation("it is not a valid URL", "不是合法的网址"),
    "url_not_https": Translation("it does not start with https://", "不以 https:// 开头"),
    "url_too_long": Translation("it is too long", "过长"),
    "url_no_host": Translation("it has no host name", "缺少主机名"),
    "url_credentials": Translation("it contains a user name or password", "含有用户名或密码"),
    "url_bad_port": Translation("its port is invalid", "端口号无效"),
    "url_bad_host": Translation(
        "its host is not a valid name or address", "主机既不是有效的域名，也不是有效的 IP 地址"
    ),
    "url_private_address": Translation("its host is on a private network", "主机位于内网"),
    "url_query": Translation("it contains a query or a fragment", "含有查询参数或片段"),
    "url_too_many_redirects": Translation("it redirects too many times", "重定向次数过多"),
    "reference_refused": Translation(
        "{flag} must be an image; {got} was rejected: {reason}.", "{flag} 应为图片文件；{got} 不可用：{reason}。"
    ),
    "reference_folder": Translation("it is a folder", "是一个文件夹"),
    "reference_unreadable": Translation(
        "{flag}: {got} cannot be read: {reason}.", "{flag}：无法读取 {got}：{reason}。"
    ),
    "reference_no_name": Translation("it is not a valid file name", "不是有效的文件名"),
    "reference_too_large": Translation(
        "{flag}: {got} is {megabytes} MB; the limit is {most} MiB.",
        "{flag}：{got} 的大小为 {megabytes} MB，上限为 {most} MiB。",
    ),
    "reference_too_wide": Translation(
        "{flag}: {got} is {pixels} pixels; the limit is {most} pixels per side.",
        "{flag}：{got} 的尺寸为 {pixels} 像素，每边上限为 {most} 像素。",
    ),
    "reference_changed": Translation(
        "{flag}: {got} changed while the command was running; nothing was sent.",
        "{flag}：{got} 在命令运行期间被修改，因此没有发送任何请求。",
    ),
    "resume_invalid": Translation(
        "{flag} must be a task ID: letters, digits, - and _ (got {got}).",
        "{flag} 的值 {got} 无效，应为任务 ID（字母、数字、- 和 _）。",
    ),
    "task_unknown": Translation(
        "This machine has no record of task {identifier}.", "本机没有任务 {identifier} 的记录。"
    ),
    "nothing_to_resume": Translation(
        "Task {identifier} was never accepted by the service ({state}), so there is nothing to resume.",
        "服务没有受理过任务 {identifier}（{state}），没有可以继续的内容。",
    ),
    "nothing_to_resume.hint": Translation(
        "Run the original command again; you are not charged twice.", "请重新运行原来的命令，不会重复扣费。"
    ),
}

SETTINGS = {
    "key_is_empty": Translation(" {source} is set but empty.{more}", "{source} 已设置，但内容为空。{more}"),
    "key_is_unresolved": Translation(
        " {source} contains an unresolved variable ($NAME) instead of a key.{more}",
        "{source} 的内容是未解析的变量（$NAME），而不是密钥。{more}",
    ),
    "key_malformed": Translation(
        "The key from {source} is malformed: it contains spaces, control characters or non-ASCII characters, or is too long.",
        "来自 {source} 的密钥格式有误：含有空格、控制字符或非 ASCII 字符，或者过长。",
    ),
    "key_malformed.hint": Translation(
        "Copy the key again, without quotes or line breaks.", "请重新复制密钥，不要带引号或换行。"
    ),
    "key_source_empty": Translation("{source} is empty and was skipped.", "{source} 为空，已跳过。"),
    "key_source_unresolved": Translation(
        "{source} contains an unresolved variable name and was skipped.",
        "{source} 的内容是未解析的变量名，已跳过。",
    ),
    "process_environment": Translation("the process environment", "进程环境变量"),
    "include_refused": Translation(
        "OpenClaw's configuration {path} includes {include}, which cannot be read: {reason}.",
        "OpenClaw 配置文件 {path} 通过 $include 引用的 {include} 无法读取：{reason}。",
    ),
    "include_refused.hint": Translation(
        "Correct the $include in {path} or the file that it names; `openclaw doctor` checks it too.",
        "请修正 {path} 中的 $include 或它引用的文件；也可用 `openclaw doctor` 检查。",
    ),
    "include_missing": Translation("the file does not exist", "文件不存在"),
    "include_cycle": Translation("the files include each other in a cycle", "这些文件循环引用"),
    "include_too_deep": Translation("includes are nested more than 10 levels deep", "引用嵌套超过 10 层"),
    "include_too_many": Translation("more than 1000 files are included", "引用的文件超过 1000 个"),
    "include_too_large": Translation("it is larger than 2 MiB", "文件大于 2 MiB"),
    "include_hard_link": Translation("it has more than one hard link", "该文件有多个硬链接"),
    "include_outside": Translation(
        "it is outside the configuration folder; OPENCLAW_INCLUDE_ROOTS can allow other folders",
        "该文件不在配置目录内；可用 OPENCLAW_INCLUDE_ROOTS 允许其他目录",
    ),
    "include_not_path": Translation("expected a path or a list of paths", "应为路径或路径列表"),
    "include_not_object": Translation(
        "expected an object that can be merged with the rest", "内容应为对象，才能与其他配置合并"
    ),
    "include_not_json5": Translation("it is not valid JSON5", "不是合法的 JSON5"),
    "key_file_unreadable": Translation(
        "The key file {path} cannot be read: {reason}.", "无法读取密钥文件 {path}：{reason}。"
    ),
    "key_file_refused": Translation(
        "The key file {path} is not used: {reason}.", "不使用密钥文件 {path}：{reason}。"
    ),
    "not_small_text": Translation("it is not a small UTF-8 text file", "不是小型 UTF-8 文本文件"),
    "is_a_link": Translation("it is a symbolic link", "是符号链接"),
    "not_regular_file": Translation("it is not a regular file", "不是普通文件"),
    "belongs_to_another": Translation("it belongs to another user", "属于其他用户"),
    "base_url_invalid": Translation(
        "{source} must be the https URL of the service; {got} was rejected: {reason}.",
        "{source} 应为服务的 https 网址；{got} 不可用：{reason}。",
    ),
    "trust_host_invalid": Translation(
        "{flag} must be a host name such as api.example.com; {got} was rejected: {reason}.",
        "{flag} 应为主机名（例如 api.example.com）；{got} 不可用：{reason}。",
    ),
    "host_not_trusted": Translation(
        "{source} points to {host} instead of {default}; the key is not sent there.",
        "{source} 指向的是 {host}，而不是 {default}；密钥不会发送到那里。",
    ),
    "host_not_trusted.hint": Translation(
        "If {host} should receive the key, add --trust-host {host}.",
        "如果确实要把密钥发送给 {host}，请加上 --trust-host {host}。",
    ),
    "no_home": Translation(
        "No home folder was found: HOME is unset or not an absolute path.",
        "找不到主目录：HOME 未设置，或不是绝对路径。",
    ),
    "no_home.hint": Translation(
        "Set HOME or OPENCLAW_STATE_DIR to an absolute path.", "请将 HOME 或 OPENCLAW_STATE_DIR 设为绝对路径。"
    ),
    "certificates_missing": Translation(
        "{variable} names {path}, which does not exist.", "{variable} 指向的 {path} 不存在。"
    ),
    "certificates_missing.hint": Translation("Correct or unset {variable}.", "请改正 {variable}，或取消设置。"),
    "certificates_unusable": Translation(
        "{variable} names {path}, but no certificates can be read from it: {reason}.",
        "无法从 {variable} 指向的 {path} 中读取证书：{reason}。",
    ),
    "certificates_unusable.hint": Translation(
        "Set {variable} to a readable PEM file with CA certificates, or unset it.",
        "请将 {variable} 设为可读取的 PEM 格式 CA 证书文件，或取消设置。",
    ),
    "no_certificate": Translation("it contains no certificate", "其中没有证书"),
    "key_log_unusable": Translation(
        "{variable} names {path}, which cannot be written: {reason}. Every encrypted connection would fail.",
        "无法写入 {variable} 指向的 {path}：{reason}。所有加密连接都会因此失败。",
    ),
    "key_log_unusable.hint": Translation(
        "Set {variable} to a file in an existing folder, or unset it.",
        "请将 {variable} 设为已有文件夹中的文件，或取消设置。",
    ),
    "proxy_unusable": Translation(
        "The proxy setting in {variable} cannot be used: {reason}.", "{variable} 中的代理设置无法使用：{reason}。"
    ),
    "proxy_unusable.hint": Translation(
        "Set {variable} to http://host:port (with user:password@ before the host if the proxy requires it), or unset it. In the user name and password, percent-encode every character except letters and digits (# as %23, / as %2F).",
        "请将 {variable} 设为 http://host:port（代理需要认证时，在 host 前加上 user:password@），或取消设置。用户名和密码中字母、数字以外的字符要写成百分号编码（# 写成 %23，/ 写成 %2F）。",
    ),
    "proxy_space": Translation(
        "it contains a space or a control character, or is too long", "含有空格或控制字符，或过长"
    ),
    "proxy_scheme": Translation(
        "it must start with http://, https://, socks5:// or socks5h://",
        "必须以 http://、https://、socks5:// 或 socks5h:// 开头",
    ),
    "proxy_characters": Translation(
        "it contains a character (/ ? # or \\) that ends the address; in a user name or password, percent-encode it",
        "含有会截断地址的字符（/ ? # 或 \\）；用户名和密码中的这些字符要写成百分号编码",
    ),
    "proxy_not_ascii": Translation(
        "its user name or password contains non-ASCII characters, which must be percent-encoded as UTF-8",
        "用户名或密码含有非 ASCII 字符，请按 UTF-8 写成百分号编码",
    ),
    "proxy_host": Translation(
        "its host is not a valid name or address", "主机既不是有效的域名，也不是有效的 IP 地址"
    ),
    "proxy_port": Translation(
        "it must end with host:port, with a port from 1 to 65535", "必须以 host:port 结尾，端口为 1 到 65535"
    ),
    "socks_missing": Translation(
        "{proxy} is a SOCKS proxy, which requires the Python package {package}, but it is not installed.",
        "{proxy} 是 SOCKS 代理，需要 Python 包 {package}，但该包尚未安装。",
    ),
    "socks_missing.hint": Translation(
        "Install {package}, or use an HTTP proxy.", "请安装 {package}，或改用 HTTP 代理。"
    ),
}

SERVICE = {
    "no_words": Translation("no reason given", "未说明原因"),
    "not_allowed": Translation(
        "The service does not allow this request (HTTP {status}): {words}.",
        "服务不允许此请求（HTTP {status}）：{words}。",
    ),
    "not_allowed.hint": Translation("{way_out}", "{way_out}"),
    "not_allowed_verification": Translation(
        "Verify the account with the service, then run the same command again.",
        "请先在服务网站完成账户认证，再运行同一条命令。",
    ),
    "not_allowed_content": Translation(
        "Its content rules do not allow this: change the prompt or the reference images.",
        "内容不符合服务的规则：请修改提示词或参考图。",
    ),
    "not_allowed_region": Translation(
        "The service is not offered in this country or region: use a network where it is available.",
        "服务未在该国家或地区开放：请更换网络。",
    ),
    "not_allowed_firewall": Translation(
        "A web firewall in front of the service blocked the request: try another network or proxy.",
        "请求被服务的防火墙拦截：请更换网络或代理。",
    ),
    "not_allowed_other": Translation(
        "The key is invalid, expired or lacks this permission: check the account and its keys on the service's website.",
        "密钥无效、已过期或没有该权限：请到服务网站检查账户与密钥。",
    ),
    "not_available_here": Translation(
        "The service is not available here, for legal reasons (HTTP {status}): {words}.",
        "因法律原因，服务在此地区不可用（HTTP {status}）：{words}。",
    ),
    "not_available_here.hint": Translation(
        "The key and the prompt are not the problem. Use a network where the service is available.",
        "密钥和提示词都没有问题。请换用可以访问该服务的网络。",
    ),
    "firewall_page": Translation(
        "A web page answered instead of the service (HTTP {status}): a web firewall or gateway blocked the request.",
        "收到的是网页，而不是服务的响应（HTTP {status}）：请求被防火墙或网关拦截。",
    ),
    "firewall_page.hint": Translation(
        "The key was not checked. Try another network or proxy, or try again later.",
        "密钥尚未得到验证。请更换网络或代理，或稍后再试。",
    ),
    "out_of_credits": Translation("The account does not have enough credits: {words}.", "账户积分不足：{words}。"),
    "out_of_credits.hint": Translation(
        "Top up, then run the same command again. Nothing was charged.", "请充值后重新运行同一条命令。本次未扣费。"
    ),
    "create_limited": Translation(
        "Rate limited (HTTP 429): {words}. Retry after: {wait}.",
        "请求过于频繁，已被服务限流（HTTP 429）：{words}。需等待：{wait}。",
    ),
    "create_limited.hint": Translation(
        "Nothing was accepted or charged. Wait, then ask the user before you try again.",
        "请求未被受理，也未扣费。请先等待，再征得用户同意后重试。",
    ),
    "rate_limited": Translation(
        "Rate limited by the service. Retry after: {wait}.", "请求过于频繁，已被服务限流。需等待：{wait}。"
    ),
    "rate_limited.hint": Translation(
        "Run the next command after that. A task that was already accepted keeps running.",
        "请到时再运行下面的命令；已受理的任务会继续进行。",
    ),
    "wait_unknown": Translation("not specified", "未说明"),
    "refused": Translation(
        "The service refused the request (HTTP {status}): {words}.", "服务拒绝了请求（HTTP {status}）：{words}。"
    ),
    "refused.hint": Translation(
        "Change the prompt or the parameters and try again. Nothing was charged.",
        "请修改提示词或参数后重试。本次未扣费。",
    ),
    "model_unavailable": Translation(
        "The service does not offer this model now (HTTP {status}): {words}.",
        "服务目前不提供该模型（HTTP {status}）：{words}。",
    ),
    "model_unavailable.hint": Translation(
        "Choose another model, or try again later. Nothing was charged.", "请换一个模型，或稍后再试。本次未扣费。"
    ),
    "task_failed": Translation(
        "The service could not generate the image: {reason}.", "服务未能生成图片：{reason}。"
    ),
    "task_failed.hint": Translation(
        "It may have been charged. Change the request, or ask the user before paying for the same request again (--new).",
        "可能已经扣费。请修改请求；如需为同一请求再次付费（--new），请先征得用户同意。",
    ),
    "task_failed_before": Translation(
        "The same request already failed (task {local_id}): {reason}.",
        "同一请求之前已经失败（任务 {local_id}）：{reason}。",
    ),
    "task_failed_before.hint": Translation(
        "It may have been charged, so it is not sent again automatically. Once the user agrees, --new pays for it again.",
        "可能已经扣费，因此不会自动重发；用户同意后，可用 --new 再次付费。",
    ),
    "still_running": Translation(
        "The task is still running after {elapsed} s (not an error).",
        "已等待 {elapsed} 秒，任务仍在进行（这不是错误）。",
    ),
    "still_running.hint": Translation(
        "Keep waiting with the next command; it costs nothing.", "请用下面的命令继续等待，不会再扣费。"
    ),
    "task_unknown_at_service": Translation("The service does not know the task.", "服务端查不到这个任务。"),
    "task_unknown_at_service.hint": Translation(
        "Check the ID, and that the key belongs to the account that created the task.",
        "请检查任务 ID，并确认密钥属于创建该任务的账户。",
    ),
    "outcome_unknown_before": Translation(
        "The same request was sent at {since} (task {local_id}), but its answer never arrived: it may have been charged.",
        "同一请求已于 {since} 发出（任务 {local_id}），但没有收到响应，可能已经扣费。",
    ),
    "outcome_unknown_before.hint": Translation(
        "Check the account's history at the service for this request before anything is paid again.",
        "再次付费之前，请先在服务网站的账户记录中查找这次请求。",
    ),
    "answer_lost": Translation(
        "The request was sent, but no complete answer came back ({reason}): it may have been charged.",
        "请求已发出，但没有收到完整的响应（{reason}），可能已经扣费。",
    ),
    "answer_unclear": Translation(
        "The service answered HTTP {status}, which does not show whether it accepted the request: it may have been charged.",
        "服务返回 HTTP {status}，无法确定请求是否已被受理，可能已经扣费。",
    ),
    "answer_is_page": Translation(
        "A web page answered instead of the service (HTTP {status}). It is unclear whether the request was accepted: it may have been charged.",
        "收到的是网页，而不是服务的响应（HTTP {status}），无法确定请求是否已被受理，可能已经扣费。",
    ),
    "answer_without_id": Translation(
        "The service answered without a task ID: it may have been charged.",
        "服务的响应中没有任务 ID，可能已经扣费。",
    ),
    "unreachable": Translation("{host} could not be reached: {reason}.", "无法连接 {host}：{reason}。"),
    "unreachable.hint": Translation(
        "Check the network and the proxy, then run the next command.", "请检查网络和代理，然后运行下面的命令。"
    ),
    "reason_dns": Translation("its name cannot be resolved", "域名解析失败"),
    "reason_refused": Translation("the connection was refused", "连接被拒绝"),
    "reason_timeout": Translation("it did not answer in time", "等待响应超时"),
    "reason_certificate": Translation("its certificate is not trusted ({detail})", "证书不可信（{detail}）"),
    "reason_tls": Translation("the encrypted connection failed ({detail})", "加密连接失败（{detail}）"),
    "reason_malformed": Translation("the answer is not valid HTTP ({detail})", "响应不符合 HTTP 规范（{detail}）"),
    "reason_local": Translation(
        "this machine could not send the request ({detail})", "本机未能发出请求（{detail}）"
    ),
    "reason_proxy": Translation("the proxy could not connect", "代理无法建立连接"),
    "reason_proxy_auth": Translation(
        "the proxy requires a user name and password (407)", "代理要求用户名和密码（407）"
    ),
    "reason_reset": Translation("the connection was reset", "连接被重置"),
    "reason_cut": Translation("the connection was interrupted", "连接中断"),
    "reason_too_large": Translation("the answer is too large", "响应过大"),
    "read_failed": Translation(
        "The service answered HTTP {status}, but the answer could not be used.",
        "服务返回 HTTP {status}，但响应内容无法使用。",
    ),
    "read_failed.hint": Translation("Asking again costs nothing.", "再次查询不会扣费。"),
    "request_busy": Translation(
        "Another process is working on the same request (task {local_id}).",
        "另一个进程正在处理同一请求（任务 {local_id}）。",
    ),
    "request_still_busy": Translation(
        "Another process is still working on the same request (task {local_id}).",
        "另一个进程仍在处理同一请求（任务 {local_id}）。",
    ),
}
for _code in ("answer_lost", "answer_unclear", "answer_is_page", "answer_without_id"):
    SERVICE[f"{_code}.hint"] = SERVICE["outcome_unknown_before.hint"]
for _code in ("request_busy", "request_still_busy"):
    SERVICE[f"{_code}.hint"] = Translation(
        "Nothing was sent. Run the same command again to wait for it.",
        "本次没有发送任何请求。再次运行同一条命令即可继续等待。",
    )

PICTURES = {
    "link_refused": Translation(
        "An image link from the service was not downloaded: {reason}.", "没有下载服务返回的图片链接：{reason}。"
    ),
    "link_private": Translation(
        "An image link from the service points to a private network and was not downloaded.",
        "服务返回的图片链接指向内网，因此没有下载。",
    ),
    "link_expired": Translation(
        "An image link is no longer valid (HTTP {status}).", "图片链接已失效（HTTP {status}）。"
    ),
    "link_expired.hint": Translation(
        "The next command gets a new link; it costs nothing.", "下面的命令会重新获取链接，不会扣费。"
    ),
    "picture_too_large": Translation("An image is larger than {megabytes} MB.", "图片超过 {megabytes} MB。"),
    "picture_unusable": Translation(
        "An image link did not return a complete image: {reason}.", "图片链接返回的不是完整的图片：{reason}。"
    ),
    "picture_unusable.hint": Translation(
        "The next command downloads it again; it costs nothing.", "下面的命令会重新下载，不会扣费。"
    ),
    "picture_unreachable": Translation("An image could not be downloaded.", "图片下载失败。"),
    "picture_unreachable.hint": Translation(
        "The service still has it for now; the next command downloads it at no cost.",
        "图片暂时仍保存在服务端；下面的命令会再次下载，不会扣费。",
    ),
    "picture_empty": Translation("it is empty", "内容为空"),
    "picture_html": Translation("it is a web page", "是一个网页"),
    "picture_json": Translation("it is JSON", "是 JSON 数据"),
    "picture_svg": Translation("it is an SVG image", "是 SVG 矢量图"),
    "picture_xml": Translation("it is XML", "是 XML 数据"),
    "picture_is_heic": Translation("it is HEIC; convert it to JPEG", "是 HEIC 格式，请先转换为 JPEG"),
    "picture_is_avif": Translation(
        "it is AVIF; convert it to JPEG or PNG", "是 AVIF 格式，请先转换为 JPEG 或 PNG"
    ),
    "picture_is_tiff": Translation(
        "it is TIFF; convert it to JPEG or PNG", "是 TIFF 格式，请先转换为 JPEG 或 PNG"
    ),
    "picture_is_bmp": Translation("it is BMP; convert it to PNG", "是 BMP 格式，请先转换为 PNG"),
    "picture_is_jxl": Translation(
        "it is JPEG XL; convert it to JPEG or PNG", "是 JPEG XL 格式，请先转换为 JPEG 或 PNG"
    ),
    "picture_is_jp2": Translation(
        "it is JPEG 2000; convert it to JPEG or PNG", "是 JPEG 2000 格式，请先转换为 JPEG 或 PNG"
    ),
    "picture_is_psd": Translation("it is a Photoshop file; export it as PNG", "是 Photoshop 文件，请先导出为 PNG"),
    "picture_is_pdf": Translation("it is a PDF; export the page as PNG", "是 PDF 文件，请先将页面导出为 PNG"),
    "picture_unknown_type": Translation("it is not a PNG, JPEG, WebP or GIF image", "不是 PNG、JPEG、WebP 或 GIF"),
    "picture_truncated": Translation("it is truncated", "内容不完整，被截断"),
    "picture_corrupt": Translation("it is damaged", "已损坏"),
    "result_without_pictures": Translation(
        "The service reported task {task_id} as done but returned no image.",
        "服务显示任务 {task_id} 已完成，但没有返回图片。",
    ),
    "result_without_pictures.hint": Translation(
        "Check again with the next command; it costs nothing.", "请用下面的命令再次查询，不会扣费。"
    ),
    "images_over_limit": Translation(
        "The service returned {count} images, more than can be saved from one task; the first {saved} were saved.",
        "服务返回了 {count} 张图片，超过单个任务的上限；已保存前 {saved} 张。",
    ),
    "pictures_gone": Translation(
        "The images of task {task_id} are no longer on this machine, and the service no longer provides them.",
        "任务 {task_id} 的图片在本机已不存在，服务也不再提供。",
    ),
    "pictures_gone.hint": Translation(
        "--new generates them again and pays again.", "--new 会重新生成，并再次扣费。"
    ),
    "partly_done": Translation(
        "The task failed after {saved} image(s): {reason}.", "任务在生成 {saved} 张图片后失败：{reason}。"
    ),
    "partly_done.hint": Translation(
        "The images that arrived were saved. The next command pays for the whole task again: ask the user first.",
        "已生成的图片都已保存。下面的命令会为整个任务重新付费，请先征得用户同意。",
    ),
}

MACHINE = {
    "disk_failed": Translation("{path} cannot be read or written: {reason}.", "无法读写 {path}：{reason}。"),
    "folder_planted": Translation(
        "{path} is not used: it is reached through the symbolic link {link}, which belongs to another user.",
        "不使用 {path}：路径中的符号链接 {link} 属于其他用户。",
    ),
    "folder_planted.hint": Translation(
        "Choose a folder that only you can change, or remove the link.",
        "请换一个只有自己能修改的文件夹，或删除该链接。",
    ),
    "journal_failed": Translation(
        "The journal {path} cannot be read or written: {reason}.", "无法读写任务记录 {path}：{reason}。"
    ),
    "journal_damaged": Translation(
        "The journal {path} is damaged. It may record paid tasks, so nothing is sent.",
        "任务记录 {path} 已损坏。其中可能有已付费的任务，因此没有发送任何请求。",
    ),
    "journal_damaged.hint": Translation(
        "The next command renames and keeps it, and starts a new journal with every task that can still be read.",
        "下面的命令会把它改名保留，并用其中仍可读取的任务建立新的任务记录。",
    ),
    "journal_newer": Translation(
        "The journal {path} was written by a newer version of this skill, so nothing is sent.",
        "任务记录 {path} 由此技能的更高版本写入，因此没有发送任何请求。",
    ),
    "journal_newer.hint": Translation("Update the skill, then try again.", "请先更新此技能，然后重试。"),
    "journal_unreadable": Translation(
        "The database {path} contains a task that cannot be interpreted; nothing is sent.",
        "数据库 {path} 中有无法识别的任务记录，因此没有发送任何请求。",
    ),
    "database_not_set_up": Translation(
        "The database {path} is not set up for this version of the skill; nothing is sent.",
        "数据库 {path} 尚未按此技能的当前版本初始化，因此没有发送任何请求。",
    ),
    "database_not_set_up.hint": Translation(
        "Run `image_queue.py migrate` once. If it was set up before, check the address first: this may be another one.",
        "请运行一次 `image_queue.py migrate`。如果以前初始化过，请先核对地址，可能连到了另一个数据库。",
    ),
    "journal_refused": Translation(
        "The journal {path} is not used: {reason}.", "不使用任务记录 {path}：{reason}。"
    ),
    "journal_refused.hint": Translation(
        "Move it away, or run the command as the user that owns it.",
        "请将其移走，或以其所有者的身份运行此命令。",
    ),
    "current_folder_gone": Translation("The current folder no longer exists.", "当前文件夹已不存在。"),
    "current_folder_gone.hint": Translation(
        "Change to another folder, or pass --output-dir.", "请切换到其他文件夹，或指定 --output-dir。"
    ),
    "result_file_failed": Translation(
        "The result file {path} cannot be written: {reason}.", "无法写入结果文件 {path}：{reason}。"
    ),
    "stdout_failed": Translation(
        "The result could not be written to standard output.", "无法将结果写入标准输出。"
    ),
    "not_attachable": Translation(
        "{path} could not be placed in a folder that OpenClaw attaches files from: {reason}.",
        "无法把 {path} 放入 OpenClaw 可以发送附件的文件夹：{reason}。",
    ),
    "interrupted": Translation(
        "Interrupted; the task keeps running at the service.", "已中断；任务仍在服务端进行。"
    ),
    "interrupted.hint": Translation(
        "The next command resumes it at no cost.", "下面的命令会继续该任务，不会再扣费。"
    ),
    "interrupt_deferred": Translation(
        "Interrupted: waiting for the service's answer first, so that nothing paid is lost (interrupt again to stop now).",
        "已收到中断：先等待服务的响应，以免丢失已付费的结果（再次中断则立即停止）。",
    ),
    "interrupted_early": Translation(
        "Stopped before the service accepted anything; nothing was charged.", "在服务受理之前已停止，未扣费。"
    ),
    "interrupted_unknown": Translation(
        "Stopped while the request was being sent; it may have been charged.", "发送请求时被中断，可能已经扣费。"
    ),
    "interrupted_unknown.hint": Translation(
        "The next command does not send the request again; it reports what is known about the task.",
        "下面的命令不会重新发送请求，只会显示该任务的已知情况。",
    ),
    "bug": Translation(
        "This is a bug in the skill ({kind} at {where}).", "这是技能自身的错误（{kind}，位于 {where}）。"
    ),
    "bug.hint": Translation(
        "Please report it. Paid tasks remain in the journal.", "请反馈此问题。已付费的任务仍保存在任务记录中。"
    ),
}

DISK = {
    "disk_hint": Translation("{remedy}", "{remedy}"),
    "journal_hint": Translation(
        "Keep any IDs above. {remedy} Then run the next command.",
        "请记下上面的任务 ID（如有）。{remedy}然后运行下面的命令。",
    ),
    "result_file_hint": Translation("{remedy} The result itself is complete.", "{remedy}结果本身是完整的。"),
    "elsewhere": Translation("choose another place with {option}", "用 {option} 换一个位置"),
    "disk_full": Translation("No space left on device", "磁盘空间不足"),
    "disk_full_remedy": Translation(
        "Free space on that disk, or {elsewhere}.", "请清理该磁盘的空间，或{elsewhere}。"
    ),
    "disk_quota": Translation("Disk quota exceeded", "超出磁盘配额"),
    "disk_quota_remedy": Translation(
        "The disk has free space, but this user's quota is used up: remove files, have the quota raised, or {elsewhere}.",
        "磁盘还有空间，但当前用户的配额已用完：请删除一些文件、申请提高配额，或{elsewhere}。",
    ),
    "disk_read_only": Translation("Read-only file system", "文件系统为只读"),
    "disk_read_only_remedy": Translation(
        "Permissions and free space are not the problem: mount it as writable (in a container: a volume without `:ro`), or {elsewhere}.",
        "问题不在权限或空间：请以可写方式重新挂载（容器中去掉卷的 `:ro`），或{elsewhere}。",
    ),
    "disk_long_name": Translation("File name too long", "文件名过长"),
    "disk_long_name_remedy": Translation(
        "Use shorter names (at most about 255 bytes, or 85 Chinese characters), or {elsewhere}.",
        "请使用较短的名称（单个名称约 255 字节，即 85 个汉字），或{elsewhere}。",
    ),
    "disk_no_rights": Translation("Permission denied", "没有权限"),
    "disk_no_rights_remedy": Translation(
        "Give this user write permission there (`ls -ld` shows owner and mode), or {elsewhere}.",
        "请给当前用户写入权限（用 `ls -ld` 查看所有者和权限），或{elsewhere}。",
    ),
    "disk_file_limit": Translation("File too large", "文件过大"),
    "disk_file_limit_remedy": Translation(
        "Raise the limit on the size of a file (`ulimit -f`, or that of the file system), or {elsewhere}.",
        "请提高文件大小上限（`ulimit -f` 或文件系统的上限），或{elsewhere}。",
    ),
    "disk_open_files": Translation("Too many open files", "打开的文件过多"),
    "disk_open_files_remedy": Translation(
        "Raise the limit on open files (`ulimit -n`), or run fewer tasks at once.",
        "请提高打开文件数的上限（`ulimit -n`），或减少同时运行的任务。",
    ),
    "disk_broken": Translation("Input/output error", "输入输出错误"),
    "disk_broken_remedy": Translation(
        "The disk or the network share is not working: check it, or {elsewhere}.",
        "磁盘或网络共享出现故障：请检查，或{elsewhere}。",
    ),
    "disk_no_folder": Translation("Not a directory", "不是文件夹"),
    "disk_no_folder_remedy": Translation(
        "A file is where a folder should be: rename or remove it, or {elsewhere}.",
        "应为文件夹的位置是一个文件：请改名或删除，或{elsewhere}。",
    ),
    "disk_taken": Translation("File exists", "名称已被占用"),
    "disk_taken_remedy": Translation(
        "Something else has that name: rename or remove it, or {elsewhere}.",
        "该名称已被其他文件占用：请改名或删除，或{elsewhere}。",
    ),
    "disk_gone": Translation("No such file or directory", "文件或文件夹不存在"),
    "disk_gone_remedy": Translation(
        "It was removed or is not mounted: create it again, or {elsewhere}.",
        "它已被删除或未挂载：请重新创建，或{elsewhere}。",
    ),
    "disk_link": Translation("Too many levels of symbolic links", "符号链接不可用"),
    "disk_link_remedy": Translation(
        "A symbolic link is where a file or folder of this skill should be: remove it, or {elsewhere}.",
        "此技能的文件或文件夹所在的位置是一个符号链接：请删除，或{elsewhere}。",
    ),
    "disk_no_locks": Translation("No locks available", "文件系统不支持锁"),
    "disk_no_locks_remedy": Translation(
        "That file system does not support locks, which prevent double payment: {elsewhere}, on a local disk.",
        "该文件系统不支持锁，而锁用来防止重复付费：请{elsewhere}，并放在本地磁盘上。",
    ),
    "disk_other_remedy": Translation("Check that place, or {elsewhere}.", "请检查该位置，或{elsewhere}。"),
}

TALK = {
    "error_line": Translation("Error: {message}", "错误：{message}"),
    "hint_line": Translation("What to do: {hint}", "处理办法：{hint}"),
    "next_line": Translation("Next command: {command}", "下一条命令：{command}"),
    "consent_line": Translation(
        "Only if the user agrees to pay: {command}", "只有在用户同意付费时才运行：{command}"
    ),
    "consent_second_line": Translation(
        "Only if the user agrees to a possible second charge: {command}",
        "只有在用户同意可能再次扣费时才运行：{command}",
    ),
    "confirm_summary": Translation(
        "Prompt: {start}; size: {size}; cost: {cost}.", "提示词：{start}；尺寸：{size}；费用：{cost}。"
    ),
    "declined": Translation("Nothing was sent.", "未发送任何请求。"),
    "confirm_create": Translation("Create it now? [y/N]", "现在创建吗？[y/N]"),
    "task_accepted": Translation(
        "Accepted by the service: task {task_id} (local ID: {local_id}).",
        "服务已受理：任务 {task_id}（本地任务编号：{local_id}）。",
    ),
    "expected_line": Translation(
        "Expected: about {duration}, based on earlier tasks of this kind.",
        "预计约 {duration}（依据以往同类任务）。",
    ),
    "for_user": Translation("[tell the user] {words}", "[请转告用户] {words}"),
    "progress_for_user": Translation(
        "⏳ Still generating… {percent}% ({elapsed} s elapsed, about {longest} s at most)",
        "⏳ 正在生成… {percent}%（已等待 {elapsed} 秒，预计最长 {longest} 秒）",
    ),
    "waiting": Translation("{elapsed} s: {word} ({expected})", "已等待 {elapsed} 秒：{word}（{expected}）"),
    "seconds": Translation("{seconds} s", "{seconds} 秒"),
    "seconds_range": Translation("{least}-{most} s", "{least}–{most} 秒"),
    "service_status_pending": Translation("pending", "排队中"),
    "service_status_queued": Translation("queued", "排队中"),
    "service_status_running": Translation("running", "生成中"),
    "service_status_processing": Translation("processing", "生成中"),
    "service_status_success": Translation("success", "已完成"),
    "expected_range": Translation("earlier tasks took {duration}", "以往同类任务用时 {duration}"),
    "expected_unknown": Translation("no history yet for an estimate", "暂无历史耗时可参考"),
    "still_working": Translation("{elapsed} s: still working", "已进行 {elapsed} 秒，仍在处理"),
    "waiting_for_other": Translation(
        "Another process is working on the same request (task {local_id}). Waiting for it; nothing is sent.",
        "另一个进程正在处理同一请求（任务 {local_id}）；正在等待，不发送任何请求。",
    ),
    "look_failed": Translation(
        "{elapsed} s: one status check failed; still waiting.", "已等待 {elapsed} 秒：一次状态查询失败，继续等待。"
    ),
    "status_unknown": Translation(
        "The service reported an unknown status, {word}; the task is treated as still running.",
        "服务返回了未知状态 {word}，按仍在进行处理。",
    ),
    "resumed": Translation(
        "Resuming task {task_id} (local ID: {local_id}); nothing is charged.",
        "继续任务 {task_id}（本地任务编号：{local_id}），不会再扣费。",
    ),
    "picture_line": Translation(
        "{path}  {width}x{height}  {media_type}  {kilobytes} kB",
        "{path}  {width}x{height}  {media_type}  {kilobytes} kB",
    ),
    "picture_large": Translation(
        "{path} is {megabytes} MB; many chat apps accept at most 6 MB.",
        "{path} 有 {megabytes} MB，许多聊天应用最多接受 6 MB。",
    ),
    "chat_copy_made": Translation(
        "For chats: {copy} ({size} MB), a smaller copy. The original is unchanged: {path}",
        "供聊天发送的缩小副本：{copy}（{size} MB）。原图未改动：{path}",
    ),
    "chat_copy_needs_pillow": Translation(
        "To get a smaller copy for chats, install Pillow: {command}",
        "如需供聊天发送的缩小副本，请安装 Pillow：{command}",
    ),
    "chat_copy_failed": Translation(
        "No smaller copy of {path} for chats: {reason}.", "无法为聊天生成 {path} 的缩小副本：{reason}。"
    ),
    "copy_animated": Translation("it is animated", "它是动图"),
    "copy_too_large": Translation("it has too many pixels", "像素过多"),
    "copy_unreadable": Translation("Pillow cannot read it", "Pillow 无法读取它"),
    "reused_line": Translation(
        "The same request was already paid for (task {local_id}); nothing was sent.",
        "同一请求之前已付费（任务 {local_id}），本次没有发送请求。",
    ),
    "submitted_line": Translation(
        "Task {task_id} was accepted and keeps running at the service.", "任务 {task_id} 已受理，正在服务端进行。"
    ),
    "unit_credits": Translation("credits", "积分"),
    "unit_points": Translation("points", "积分"),
    "unit_tokens": Translation("tokens", "token"),
    "unit_requests": Translation("paid requests", "次付费请求"),
    "cost_line": Translation("Cost: {cost}", "费用：{cost}"),
    "cost_unknown": Translation("known only after the task is created", "提交后才知道"),
    "cost_no_history": Translation(
        "known only after the task is created; no earlier task shows a cost",
        "提交后才知道；以往任务没有费用记录可参考",
    ),
    "cost_last_same": Translation(
        "about {amount} {unit} (the last task with these settings, on {date})",
        "约 {amount} {unit}（参照 {date} 相同设置的上一个任务）",
    ),
    "cost_last_other": Translation(
        "known only after the task is created; the last task, with other settings, cost {amount} {unit} on {date}",
        "提交后才知道；上一个任务（{date}，设置不同）为 {amount} {unit}",
    ),
    "preview_create": Translation(
        "Nothing was sent. Without --dry-run, this creates a new paid task. Cost: {cost}.",
        "未发送任何请求。去掉 --dry-run 后会创建新的付费任务。费用：{cost}。",
    ),
    "preview_return": Translation(
        "The same request was paid on {date} (task {local_id}, {state}): its result comes back at no cost. --new, or "
        "another --variant, pays for a new image.",
        "同一请求已于 {date} 付费（任务 {local_id}，{state}）：再次运行会直接返回结果，不会扣费。用 --new 或另一个 "
        "--variant 会再次付费生成新图片。",
    ),
    "preview_attach": Translation(
        "The same request was sent on {date} (task {local_id}, {state}): running it continues that task at no cost.",
        "同一请求已于 {date} 提交（任务 {local_id}，{state}）：再次运行会继续该任务，不会再扣费。",
    ),
    "preview_stop": Translation(
        "The same request of {date} may have been charged (task {local_id}, {state}): running it again sends nothing.",
        "{date} 的同一请求可能已经扣费（任务 {local_id}，{state}）：再次运行不会发送任何请求。",
    ),
    "preview_tasks": Translation(
        "Nothing was sent. Tasks to pay for: {pay}. Returned or continued at no cost: {free}. Possibly charged before, "
        "and not sent again: {unclear}. Cost of each: {cost}.",
        "未发送任何请求。需付费的任务：{pay} 个；直接返回或继续、不再扣费：{free} 个；此前可能已扣费、不会重发：{unclear} "
        "个。每个任务的费用：{cost}。",
    ),
    "preview_size": Translation("Size: {size}.", "尺寸：{size}。"),
    "preview_variant": Translation(
        'Variant "{variant}": another image of the same request, paid separately.',
        "变体“{variant}”：同一请求的另一张图片，单独付费。",
    ),
    "preview_public": Translation(
        "These files are uploaded and become reachable through a public link: {files}.",
        "以下文件会被上传，并可通过公开链接访问：{files}。",
    ),
    "cost_charged": Translation("{amount} {unit} (charged by the service)", "{amount} {unit}（服务实际扣费）"),
    "cost_quoted": Translation("{amount} {unit} (quoted by the service)", "{amount} {unit}（服务报价）"),
    "cost_estimated": Translation("about {amount} {unit} (as last time)", "约 {amount} {unit}（参照上次）"),
}

TASKS = {
    "age_invalid": Translation(
        "{flag} must be an age such as 30m, 24h or 7d (got {got}).",
        "{flag} 的值 {got} 无效，应为 30m、24h、7d 这样的时长。",
    ),
    "since_invalid": Translation(
        "{flag} must be today, this-week, a date such as 2026-11-01, or an age such as 24h or 7d (got {got}).",
        "{flag} 的值 {got} 无效，应为 today、this-week、2026-11-01 这样的日期，或 24h、7d 这样的时长。",
    ),
    "search_invalid": Translation(
        "{flag} must be a single line of at most {most} characters (got {got}).",
        "{flag} 的值 {got} 无效，应为不超过 {most} 个字符的单行文字。",
    ),
    "images_gone": Translation(
        "Saved files that are missing or changed: {count}.", "已保存的文件中有 {count} 个已丢失或被修改。"
    ),
    "links_unsigned": Translation(
        "The links are recorded without their signatures and may have expired; resuming the task gets new ones.",
        "记录中的链接不含签名，可能已失效；继续该任务会重新获取链接。",
    ),
    "cost_last": Translation("{skill}: the last task, on {date}: {cost}", "{skill}：上一个任务（{date}）：{cost}"),
    "tasks_none": Translation("No tasks.", "没有任务。"),
    "task_unfinished": Translation("Task {local_id} is {state}.", "任务 {local_id}：{state}。"),
    "task_unfinished.hint": Translation(
        "Resume it at no cost with the tasks.py of {skill}.", "可以用 {skill} 的 tasks.py 继续，不会再扣费。"
    ),
    "task_without_pictures": Translation("Task {local_id} is {state}.", "任务 {local_id}：{state}。"),
    "forget_needs_yes": Translation(
        "Task {local_id} is {state}; forgetting it may lose a paid image.",
        "任务 {local_id} 的状态是“{state}”，移除它可能丢失已付费的图片。",
    ),
    "forget_needs_yes.hint": Translation("To forget it anyway, add {flag}.", "如确认移除，请加上 {flag}。"),
    "entry_forgotten": Translation(
        "Forgotten: {local_id} (task at the service: {task_id}).", "已移除：{local_id}（服务端任务：{task_id}）。"
    ),
    "journal_set_aside": Translation(
        "{path} was damaged and is kept as {aside}; the new journal contains {count} task(s) from it.",
        "{path} 已损坏，原文件保留为 {aside}；新的任务记录包含其中 {count} 个任务。",
    ),
    "journal_whole": Translation("The journal is not damaged.", "任务记录没有损坏。"),
    "entries_pruned": Translation("Removed {count} task(s).", "已移除 {count} 个任务。"),
    "cost_sum": Translation("{skill}: {tasks} task(s), {cost}", "{skill}：{tasks} 个任务，{cost}"),
    "cost_money": Translation(
        "{skill}: {tasks} task(s), about {amount} {unit}, estimated by {prices}",
        "{skill}：{tasks} 个任务，约 {amount} {unit}，按 {prices} 估算",
    ),
    "cost_unclear": Translation(
        "{tasks} task(s) may have been charged an unknown amount:", "另有 {tasks} 个任务可能已扣费，但金额不明："
    ),
    "state_prepared": Translation("not sent yet", "尚未发送"),
    "state_submitting": Translation("being sent", "正在发送"),
    "state_submitted": Translation("accepted, not finished", "已受理，未完成"),
    "state_succeeded": Translation("succeeded", "已成功"),
    "state_failed": Translation("failed", "已失败"),
    "state_refused": Translation("refused", "被拒绝"),
    "state_unreachable": Translation("never sent", "未发出"),
    "state_unknown": Translation("outcome unknown", "结果不明"),
}

BUDGET = {
    "budget_exceeded": Translation(
        "This request may cost {cost} {unit}, but the budget of {limit} {unit} {period} has {left} left. It was not sent.",
        "这次请求可能花费 {cost} {unit}，而{period} {limit} {unit}的预算只剩 {left} {unit}。请求未发送。",
    ),
    "budget_exceeded.hint": Translation("{then}", "{then}"),
    "budget_undecided": Translation(
        "The cost of {count} earlier request(s) is not known yet, so the budget of {limit} {unit} {period} may be used up. This request was not sent.",
        "此前有 {count} 个请求的费用尚不清楚，{period} {limit} {unit}的预算可能已经用完。这次请求未发送。",
    ),
    "budget_undecided.hint": Translation(
        "Run the same command again when those tasks have ended with a known cost, or set a budget in paid requests (--unit requests). {then}",
        "请等那些任务结束、费用明确后再运行同一命令，或改用按付费请求次数计算的预算（--unit requests）。{then}",
    ),
    "budget_renews": Translation(
        "The budget renews at {at}. Change it only if the user asks for that (tasks.py budget set).",
        "预算将于 {at} 重新计算。只有在用户要求时才更改预算（tasks.py budget set）。",
    ),
    "budget_run_over": Translation(
        "The limit is --max-cost of this command. Raise it only if the user asks for that.",
        "该上限来自本命令的 --max-cost。只有在用户要求时才提高。",
    ),
    "budget_day": Translation("per day", "每天"),
    "budget_week": Translation("per week", "每周"),
    "budget_month": Translation("per month", "每月"),
    "budget_run": Translation("for this command", "本次命令"),
    "budget_line": Translation(
        "{skill}: {amount} {unit} {period}; spent or reserved {spent}, left {left}; renews at {at}",
        "{skill}：{period} {amount} {unit}；已花费或预留 {spent}，剩余 {left}；{at} 重新计算",
    ),
    "budget_none": Translation("No budget is set.", "没有设置预算。"),
    "budget_period_missing": Translation(
        "A budget needs at least one of: {expected}.", "设置预算至少需要以下选项之一：{expected}。"
    ),
    "budget_elsewhere": Translation(
        "Set the budget of {skill} with its own tasks.py, not with that of {own}.",
        "请用 {skill} 自己的 tasks.py 设置它的预算，而不是 {own} 的。",
    ),
    "budget_elsewhere.hint": Translation("Run: python3 {launcher} budget", "请运行：python3 {launcher} budget"),
}

AGAIN = {
    "again_option": Translation("{flag} cannot be used with again.", "{flag} 不能与 again 一起使用。"),
    "again_not_recorded": Translation(
        "The journal does not have the command of task {local_id}, so it cannot be repeated.",
        "任务记录中没有任务 {local_id} 的命令，无法重做。",
    ),
    "again_not_recorded.hint": Translation(
        "Run the command that made it, with --new.", "请运行当初生成它的命令，并加上 --new。"
    ),
    "again_link_cut": Translation(
        "Task {local_id} had a link with a query, which the journal does not keep; it cannot be repeated.",
        "任务 {local_id} 使用过带查询参数的链接，任务记录不保存这些参数，因此无法重做。",
    ),
    "again_link_cut.hint": Translation(
        "Run the command that made it, with --new.", "请运行当初生成它的命令，并加上 --new。"
    ),
    "again_prompt_needed": Translation(
        "The journal has only the beginning of the prompt of task {local_id}: {start} of {length} characters.",
        "任务记录只保存了任务 {local_id} 提示词的开头：{start}，全文共 {length} 个字符。",
    ),
    "again_prompt_needed.hint": Translation(
        "Repeat the whole prompt with --prompt or --prompt-file.",
        "请用 --prompt 或 --prompt-file 给出完整的提示词。",
    ),
    "again_prompt_differs": Translation(
        "This is not the prompt of task {local_id}, which begins with {start} and has {length} characters.",
        "这不是任务 {local_id} 的提示词：原提示词以 {start} 开头，共 {length} 个字符。",
    ),
    "again_prompt_differs.hint": Translation(
        "Repeat that prompt exactly; for another one, run the skill's command itself.",
        "请原样给出该提示词；如需使用其他提示词，请直接运行技能的命令。",
    ),
    "again_folder_gone": Translation(
        "The folder in which the task was made cannot be entered: {path}", "无法进入当初生成该任务的文件夹：{path}"
    ),
}

REPORT = {
    "report_written": Translation(
        "Report of {tasks} task(s) with {images} image(s): {path}", "报告：{tasks} 个任务，{images} 张图片：{path}"
    ),
    "report_title": Translation("Images of the last {since}", "最近 {since} 的图片"),
    "report_images": Translation("image(s)", "张图片"),
    "report_no_picture": Translation("no image", "没有图片"),
    "report_gone": Translation("The file is gone: {path}", "文件已不存在：{path}"),
    "report_model": Translation("Model", "模型"),
    "report_size": Translation("Size", "尺寸"),
    "report_cost": Translation("Cost", "费用"),
    "report_began": Translation("Started", "开始时间"),
    "report_local_id": Translation("Local ID", "本地任务编号"),
}

DOCTOR = {
    "verdict_ok": Translation("ok    ", "正常"),
    "verdict_note": Translation("note  ", "注意"),
    "verdict_failed": Translation("FAILED", "失败"),
    "check_python": Translation("Python", "Python"),
    "check_settings": Translation("settings", "配置"),
    "check_key": Translation("key", "密钥"),
    "check_proxy": Translation("proxy", "代理"),
    "check_certificates": Translation("certificates", "证书"),
    "check_output": Translation("images", "图片目录"),
    "check_state": Translation("journal", "任务记录"),
    "check_service": Translation("service", "服务"),
    "python_found": Translation("{version} ({path})", "{version}（{path}）"),
    "packages_found": Translation("with {versions}", "依赖包 {versions}"),
    "uv_present": Translation("{version} ({path})", "{version}（{path}）"),
    "uv_absent": Translation(
        "not found; not needed, because the packages are installed",
        "没有找到；依赖包已安装，不需要它",
    ),
    "uv_broken": Translation(
        "{path} does not start ({reason}); not needed now, because the packages are installed",
        "{path} 无法启动（{reason}）；依赖包已安装，目前不需要它",
    ),
    "check_key_files": Translation("key files", "密钥文件"),
    "key_file_private": Translation(
        "{path}: only this user can read it (mode {mode})", "{path}：仅当前用户可读（权限 {mode}）"
    ),
    "key_file_open": Translation(
        "{path} may be read by other users (mode {mode}): `chmod 600 {path}`",
        "{path} 可能被其他用户读取（权限 {mode}），请运行 `chmod 600 {path}`",
    ),
    "key_file_foreign": Translation(
        "{path} belongs to another user, who can change the key in it",
        "{path} 属于其他用户，对方可以更改其中的密钥",
    ),
    "check_clock": Translation("clock", "时钟"),
    "clock_right": Translation("agrees with the service's to {seconds} s", "与服务端相差 {seconds} 秒"),
    "clock_ahead": Translation(
        "{seconds} s ahead of the service's: set it (`timedatectl set-ntp true`), or times and certificates are misjudged",
        "比服务端快 {seconds} 秒：请校准（`timedatectl set-ntp true`），否则时间和证书会被误判",
    ),
    "clock_behind": Translation(
        "{seconds} s behind the service's: set it (`timedatectl set-ntp true`), or times and certificates are misjudged",
        "比服务端慢 {seconds} 秒：请校准（`timedatectl set-ntp true`），否则时间和证书会被误判",
    ),
    "key_found": Translation("{key} from {source}", "{key}（来自 {source}）"),
    "proxy_found": Translation("{proxy}", "{proxy}"),
    "proxy_none": Translation("none; connecting directly", "未使用代理，直接连接"),
    "certificates_built_in": Translation("built-in", "使用内置证书"),
    "certificates_found": Translation("from {path}", "使用 {path}"),
    "output_attached": Translation(
        "{path} is writable, and OpenClaw can attach files from it", "{path} 可写，OpenClaw 可以直接发送其中的文件"
    ),
    "output_copied": Translation(
        "{path} is writable; images are also copied to OpenClaw's media folder",
        "{path} 可写；图片会另存一份到 OpenClaw 的 media 目录",
    ),
    "state_found": Translation(
        "{path}: {tasks} task(s), {unfinished} unfinished, {unknown} with an unknown outcome",
        "{path}：共 {tasks} 个任务，{unfinished} 个未完成，{unknown} 个结果不明",
    ),
    "service_not_asked": Translation("skipped: no API key", "没有密钥，已跳过"),
    "service_accepts": Translation("{service} is reachable and accepts the key", "{service} 可以访问，密钥有效"),
}

SHARED_MESSAGES: dict[str, Translation] = {
    **INPUT,
    **SETTINGS,
    **SERVICE,
    **PICTURES,
    **MACHINE,
    **DISK,
    **TALK,
    **TASKS,
    **BUDGET,
    **AGAIN,
    **REPORT,
    **DOCTOR,
}
