"""The sentences that only this skill says, English and Chinese side by side."""

from __future__ import annotations

from openai_images.message_tables.batch import MANY
from openai_images.message_tables.config import PROVIDER
from openai_images.message_tables.service import SERVICE
from shared.i18n.messages import Translation

REQUEST = {
    "size_invalid": Translation(
        "{flag} takes WIDTHxHEIGHT such as 1024x1536, or auto; it got {got}.",
        "{flag} 应为 1024x1536 这样的宽x高，或 auto；收到的是 {got}。",
    ),
    "model_invalid": Translation(
        "{flag} (or OPENCLAW_IMAGE_MODEL) takes the name of a model; it got {got}.",
        "{flag}（或 OPENCLAW_IMAGE_MODEL）应为模型名称，收到的是 {got}。",
    ),
    "provider_invalid": Translation(
        "{flag} (or OPENCLAW_IMAGE_PROVIDER) takes the name of a provider; it got {got}.",
        "{flag}（或 OPENCLAW_IMAGE_PROVIDER）应为提供方名称，收到的是 {got}。",
    ),
    "references_count": Translation(
        "At most {most} reference pictures are taken, all flags together; {got} were given.",
        "参考图（所有参数合计）最多 {most} 张，收到 {got} 张。",
    ),
    "references_malformed": Translation(
        "{flag} takes a JSON array of paths, or paths with commas between them; it got {got}.",
        "{flag} 应为路径组成的 JSON 数组，或用逗号分隔的路径；收到的是 {got}。",
    ),
    "reference_unreadable.hint": Translation(
        "References are files on this machine, no links; a path with a comma goes into --input-image.",
        "参考图须为本机文件，不能是链接；路径中含逗号时请使用 --input-image。",
    ),
    "reference_unknown_type": Translation("it is not a PNG, JPEG or WebP image", "不是 PNG、JPEG 或 WebP 图片"),
    "reference_type": Translation(
        "{flag} takes a PNG, JPEG or WebP picture; {got} is {media_type}.",
        "{flag} 只接受 PNG、JPEG 或 WebP 图片；{got} 是 {media_type}。",
    ),
    "task_name_invalid": Translation(
        "{flag} takes up to {most} characters ({bytes} bytes) that can stand in a file name on every system; it got {got}.",
        "{flag} 应为不超过 {most} 个字符（{bytes} 字节）、可在各系统用作文件名的名称；收到的是 {got}。",
    ),
    "resume_elsewhere": Translation(
        "Task {identifier} belongs to another address or account than the provider {provider} has now.",
        "任务 {identifier} 属于另一个地址或账户，与提供方 {provider} 当前的设置不同。",
    ),
    "resume_elsewhere.hint": Translation(
        "Name the provider that the task was sent to with --provider; `tasks.py show` tells its address.",
        "请用 --provider 指明当时的提供方；`tasks.py show` 会显示它的地址。",
    ),
    "option_goes_with": Translation(
        "{flag} cannot be given together with {other}.", "{flag} 不能与 {other} 一起使用。"
    ),
}

TALK = {
    "create_summary": Translation(
        "{provider}/{model}: {mode}, size {size}, {references} reference picture(s), key {key}; cost: not known before.",
        "{provider}/{model}：{mode}，尺寸 {size}，参考图 {references} 张，密钥 {key}，费用：事先未知。",
    ),
    "mode_generation": Translation("text2img", "文生图"),
    "mode_edit": Translation("img2img", "参考图生图"),
    "task_begins": Translation("Sending now (task here: {local_id}).", "正在发送（本机编号 {local_id}）。"),
    "word_sent": Translation("the service is drawing", "服务正在生成"),
    "attempt_failed": Translation(
        "Attempt {number} of {most} did not work; the next one in {pause} s. {why}",
        "第 {number}/{most} 次尝试未成功，{pause} 秒后重试。{why}",
    ),
    "waiting_to_retry": Translation("next attempt in {left} s", "{left} 秒后重试"),
    "size_differs": Translation(
        "Note: {asked} was asked for, the service made {got}.", "注意：请求的尺寸是 {asked}，服务给出的是 {got}。"
    ),
    "not_approved": Translation(
        "{provider}/{model} is not the approved pair {approved}; this result cannot be accepted as proof.",
        "{provider}/{model} 不是认可的组合 {approved}，该结果不能作为验收证据。",
    ),
    "no_delivery": Translation(
        "send_to_feishu is noted; this skill delivers nothing, the caller does.",
        "已收到 send_to_feishu；本技能不负责投递，由调用方完成。",
    ),
    "output_line": Translation("Run folder: {path}", "运行目录：{path}"),
}

VERIFY = {
    "verify_nothing": Translation(
        "{got} is neither a result.json nor the folder of a run or a batch.",
        "{got} 不是 result.json，也不是运行或批次的目录。",
    ),
    "verify_nothing.hint": Translation(
        "Name the run_dir of a result, a batch's folder or, for the queue, a task's result_json: "
        "`image_queue.py list` tells it.",
        "请给出结果中的 run_dir、批次目录，或队列任务的 result_json（`image_queue.py list` 会列出）。",
    ),
    "verify_what": Translation(
        "Give either a result.json or a run's or batch's folder, or --self-test.",
        "请给出 result.json、运行目录或批次目录，或者使用 --self-test（两者选一）。",
    ),
    "verify_refused": Translation(
        "{refused} of {total} results cannot be accepted.", "{total} 个结果中有 {refused} 个不能验收。"
    ),
    "verify_refused.hint": Translation(
        "Do not accept these pictures. The rules that do not hold are named above and under `verdicts`.",
        "请勿验收这些图片。未通过的规则见上文及 `verdicts`。",
    ),
    "verify_no_result": Translation(
        "no result of its own is there: gone, moved away, listed twice, or counted and not listed",
        "此处没有属于它的结果：已丢失、已移走、重复列出，或计入总数却未列出",
    ),
    "verify_accepted": Translation("accepted", "通过"),
    "verify_not_accepted": Translation("NOT ACCEPTED", "不通过"),
    "self_test_done": Translation(
        "The rules accept what is good and refuse {count} kinds of bad results.",
        "规则能接受合格结果，并拒绝 {count} 种不合格结果。",
    ),
    "self_test_failed": Translation("The rules are broken: {case}.", "验收规则有误：{case}。"),
    "rule_ok": Translation("the run succeeded", "运行成功"),
    "rule_provider": Translation("the provider is happy", "提供方为 happy"),
    "rule_model": Translation("the model is gpt-image-2", "模型为 gpt-image-2"),
    "rule_mode": Translation("the mode fits the references", "方式与参考图相符"),
    "rule_input_images": Translation("the references are those that were sent", "参考图与实际发送的一致"),
    "rule_artifact": Translation("the picture is there", "图片存在"),
    "rule_picture": Translation("it is a whole picture", "是完整的图片"),
    "rule_integrity": Translation("its hash, size and sides agree", "哈希、大小与尺寸一致"),
    "rule_not_an_input": Translation("it is none of the references", "不是参考图本身"),
    "rule_no_mock": Translation("it is no mock", "不是模拟结果"),
}

MESSAGES = {**PROVIDER, **REQUEST, **SERVICE, **TALK, **MANY, **VERIFY}
