"""The messages of zm-img2-generation-direct, English and Chinese side by side."""

from __future__ import annotations

from openai_images.message_tables.batch import MANY
from openai_images.message_tables.config import PROVIDER
from openai_images.message_tables.options import OPTIONS
from openai_images.message_tables.service import SERVICE
from shared.i18n.messages import Translation

REQUEST = {
    "size_invalid": Translation(
        "{flag} must be WIDTHxHEIGHT, such as 1024x1536, or auto (got {got}).",
        "{flag} 的值 {got} 无效，应为 1024x1536 这样的像素尺寸，或 auto。",
    ),
    "model_invalid": Translation(
        "{flag} (or OPENCLAW_IMAGE_MODEL) must be the name of a model (got {got}).",
        "{flag}（或 OPENCLAW_IMAGE_MODEL）的值 {got} 无效，应为模型名称。",
    ),
    "provider_invalid": Translation(
        "{flag} (or OPENCLAW_IMAGE_PROVIDER) must be the name of a provider (got {got}).",
        "{flag}（或 OPENCLAW_IMAGE_PROVIDER）的值 {got} 无效，应为服务商名称。",
    ),
    "references_count": Translation(
        "At most {most} reference images are allowed, all flags together (got {got}).",
        "参考图（所有参数合计）最多 {most} 张，实际为 {got} 张。",
    ),
    "references_malformed": Translation(
        "{flag} must be a JSON array of paths, or paths separated by commas (got {got}).",
        "{flag} 的值 {got} 无效，应为路径组成的 JSON 数组，或用逗号分隔的路径。",
    ),
    "reference_unreadable.hint": Translation(
        "Reference images must be files on this machine, not links; for a path with a comma, use --input-image.",
        "参考图须为本机文件，不能是链接；路径中含逗号时请使用 --input-image。",
    ),
    "reference_unknown_type": Translation("it is not a PNG, JPEG or WebP image", "不是 PNG、JPEG 或 WebP 图片"),
    "reference_type": Translation(
        "{flag} must be a PNG, JPEG or WebP image; {got} is {media_type}.",
        "{flag} 只接受 PNG、JPEG 或 WebP 图片；{got} 是 {media_type}。",
    ),
    "task_name_invalid": Translation(
        "{flag} must be at most {most} characters ({bytes} bytes) that are valid in a file name on every system (got {got}).",
        "{flag} 的值 {got} 无效，应为不超过 {most} 个字符（{bytes} 字节）、在各种系统上都可用作文件名的名称。",
    ),
    "resume_elsewhere": Translation(
        "Task {identifier} was sent to another address or account than provider {provider} has now.",
        "任务 {identifier} 当时发往另一个地址或账户，与服务商 {provider} 当前的设置不同。",
    ),
    "resume_elsewhere.hint": Translation(
        "Name the provider that the task was sent to with --provider; `tasks.py show` shows its address.",
        "请用 --provider 指定当时的服务商；`tasks.py show` 会显示它的地址。",
    ),
    "max_cost_elsewhere": Translation(
        "{flag} cannot be used with {other}: each of its tasks is a separate command. Set a budget with tasks.py budget set, or use batch_run.py.",
        "{flag} 不能用于 {other}：队列中的每个任务都是独立的命令。请用 tasks.py budget set 设置预算，或改用 batch_run.py。",
    ),
    "option_goes_with": Translation(
        "{flag} cannot be used together with {other}.", "{flag} 不能与 {other} 同时使用。"
    ),
}

TALK = {
    "create_summary": Translation(
        "{provider}/{model}: {mode}, size {size}, {references} reference image(s), key {key}; cost: {cost}.",
        "{provider}/{model}：{mode}，尺寸 {size}，参考图 {references} 张，密钥 {key}，费用：{cost}。",
    ),
    "cost_of_images": Translation(
        "estimated {amount} {currency} for the images, without input tokens ({source})",
        "图片约 {amount} {currency}，不含输入 token（{source}）",
    ),
    "cost_of_images_unknown": Translation("known only after the task is created", "提交后才知道"),
    "mode_generation": Translation("text2img", "文生图"),
    "mode_edit": Translation("img2img", "参考图生图"),
    "task_begins": Translation("Sending now (local ID: {local_id}).", "正在发送（本地任务编号：{local_id}）。"),
    "word_sent": Translation("the service is generating", "生成中"),
    "attempt_failed": Translation(
        "Attempt {number} of {most} failed; retrying in {pause} s. {why}",
        "第 {number}/{most} 次尝试失败，{pause} 秒后重试。{why}",
    ),
    "waiting_to_retry": Translation("retrying in {left} s", "{left} 秒后重试"),
    "size_differs": Translation(
        "Note: {asked} was requested, but the service returned {got}.",
        "注意：请求的尺寸是 {asked}，服务返回的是 {got}。",
    ),
    "not_approved": Translation(
        "{provider}/{model} is not the approved pair {approved}; this result cannot be accepted as proof.",
        "{provider}/{model} 不是认可的组合 {approved}，此结果不能作为验收依据。",
    ),
    "no_delivery": Translation(
        "send_to_feishu was noted; this skill does not deliver anything, the caller does.",
        "已收到 send_to_feishu；本技能不负责发送，由调用方完成。",
    ),
    "output_line": Translation("Run folder: {path}", "运行目录：{path}"),
}

VERIFY = {
    "verify_scope": Translation(
        "These rules check the file and its origin, not what the image shows: view it before you accept it.",
        "以上规则只检查文件及其来源，不检查画面内容：验收前请亲自查看图片。",
    ),
    "verify_nothing": Translation(
        "{got} is neither a result.json nor the folder of a run or batch.",
        "{got} 既不是 result.json，也不是运行目录或批次目录。",
    ),
    "verify_nothing.hint": Translation(
        "Give the run_dir of a result, the folder of a batch, or the result_json of a queue task (see `image_queue.py list`).",
        "请给出结果中的 run_dir、批次目录，或队列任务的 result_json（可用 `image_queue.py list` 查看）。",
    ),
    "verify_what": Translation(
        "Give a result.json or the folder of a run or batch, or use --self-test, but not both.",
        "请给出 result.json、运行目录或批次目录，或者使用 --self-test（二选一）。",
    ),
    "verify_refused": Translation(
        "{refused} of {total} results cannot be accepted.", "{total} 个结果中有 {refused} 个未通过验收。"
    ),
    "verify_refused.hint": Translation(
        "Do not accept these images. The rules that failed are listed above and under `verdicts`.",
        "请勿验收这些图片。未通过的规则见上文和 `verdicts`。",
    ),
    "verify_no_result": Translation(
        "it has no result of its own: the result is missing, was moved, is listed twice, or is counted but not listed",
        "没有属于它的结果：结果已丢失、被移走、重复列出，或计入总数却未列出",
    ),
    "verify_accepted": Translation("accepted", "通过"),
    "verify_not_accepted": Translation("NOT ACCEPTED", "不通过"),
    "self_test_done": Translation(
        "The rules accept good results and reject {count} kinds of bad ones.",
        "规则能接受合格的结果，并能拒绝 {count} 种不合格的结果。",
    ),
    "self_test_failed": Translation("The rules are broken: {case}.", "验收规则有误：{case}。"),
    "rule_ok": Translation("the run succeeded", "运行成功"),
    "rule_provider": Translation("the provider is named happy", "服务商为 happy"),
    "rule_model": Translation("the model is gpt-image-2", "模型为 gpt-image-2"),
    "rule_mode": Translation("the mode matches the reference images", "模式与参考图相符"),
    "rule_input_images": Translation("the reference images are the ones that were sent", "参考图与实际发送的一致"),
    "rule_artifact": Translation("the image file exists", "图片文件存在"),
    "rule_picture": Translation("the image is complete", "图片完整"),
    "rule_integrity": Translation("its hash, size and dimensions match", "哈希、文件大小与尺寸一致"),
    "rule_not_an_input": Translation("it is not one of the reference images", "不是参考图本身"),
    "rule_no_mock": Translation("it is not a mock", "不是模拟结果"),
}

MESSAGES = {**PROVIDER, **REQUEST, **OPTIONS, **SERVICE, **TALK, **MANY, **VERIFY}
LAZY_TABLES = {"openai_images.message_tables.fleet": "FLEET"}
"""Tables, by module and name, that only the commands of a fleet load."""
