"""The sentences that only this skill says, English and Chinese side by side."""

from __future__ import annotations

from shared.texts import Text

PROVIDER = {
    "config_missing": Text(
        "OpenClaw's configuration {path} does not exist, so there is no provider {name}.",
        "找不到 OpenClaw 配置文件 {path}，因此没有提供方 {name}。",
    ),
    "config_unreadable": Text(
        "OpenClaw's configuration {path} cannot be read: {reason}.",
        "无法读取 OpenClaw 配置文件 {path}：{reason}。",
    ),
    "config_unreadable.hint": Text(
        "Correct the file; `openclaw doctor` names the place.", "请修正该文件；`openclaw doctor` 会指出出错位置。"
    ),
    "not_json5": Text("it is no JSON5", "不是合法的 JSON5"),
    "provider_missing": Text(
        "There is no provider {name} in {path} (models.providers).",
        "{path} 中没有提供方 {name}（models.providers）。",
    ),
    "provider_incomplete": Text("{what} is missing in {path}.", "{path} 中缺少 {what}。"),
    "variable_missing": Text(
        "{what} names the variable {variable}, which is not set here.",
        "{what} 引用的环境变量 {variable} 在当前环境中未设置。",
    ),
    "variable_missing.hint": Text(
        "Set {variable} where OpenClaw's gateway starts, then run the same command again.",
        "请在启动 OpenClaw 网关的环境中设置 {variable}，再运行同一条命令。",
    ),
    "secret_malformed": Text(
        "{what} is neither text nor a secret reference that can be resolved here.",
        "{what} 既不是文本，也不是可以在此解析的密钥引用。",
    ),
    "secret_malformed.hint": Text(
        "Use plain text, a variable such as ${{NAME}}, or {{source: env or file, provider, id}}.",
        "请使用明文、${{NAME}} 这样的变量，或 {{source: env 或 file, provider, id}}。",
    ),
    "secret_source_refused": Text(
        "{what} is a secret with the source {source}, which only OpenClaw's gateway can open.",
        "{what} 的密钥来源是 {source}，只有 OpenClaw 网关能够读取。",
    ),
    "secret_source_refused.hint": Text(
        "Use a variable such as ${{NAME}} or a secret of the source env or file for this provider.",
        "请为该提供方改用 ${{NAME}} 变量，或来源为 env、file 的密钥。",
    ),
    "secret_file_unreadable": Text(
        "{what} points into the secrets file {path}, and there is no such secret to be read.",
        "{what} 指向密钥文件 {path}，但无法从中读到该密钥。",
    ),
    "header_invalid": Text(
        "{what} is no extra header that can be sent; the key and the form of the request are not set there.",
        "{what} 不是可以发送的附加请求头；密钥与请求格式不在此处设置。",
    ),
    "key_missing": Text(
        "The provider has no usable apiKey ({passed_over}).", "提供方没有可用的 apiKey（{passed_over}）。"
    ),
    "key_refused": Text(
        "The provider does not accept the key (HTTP {status}): {words}.",
        "提供方不接受该密钥（HTTP {status}）：{words}。",
    ),
    "key_refused.hint": Text(
        "Correct models.providers.<name>.apiKey in OpenClaw's configuration. Nothing was charged.",
        "请修正 OpenClaw 配置中的 models.providers.<name>.apiKey。本次未扣费。",
    ),
    "service_without_list": Text(
        "{service} answers, but keeps no list of models, so the key could not be tried",
        "{service} 有答复，但不提供模型列表，无法验证密钥",
    ),
}
for _code in ("config_missing", "provider_missing", "provider_incomplete"):
    PROVIDER[f"{_code}.hint"] = Text("Add to {path}:  {snippet}", "请在 {path} 中加入：{snippet}")

REQUEST = {
    "size_invalid": Text(
        "{flag} takes WIDTHxHEIGHT such as 1024x1536, or auto; it got {got}.",
        "{flag} 应为 1024x1536 这样的宽x高，或 auto；收到的是 {got}。",
    ),
    "model_invalid": Text(
        "{flag} takes the name of a model; it got {got}.", "{flag} 应为模型名称，收到的是 {got}。"
    ),
    "provider_invalid": Text(
        "{flag} takes the name of a provider; it got {got}.", "{flag} 应为提供方名称，收到的是 {got}。"
    ),
    "references_count": Text(
        "At most {most} reference pictures are taken, all flags together; {got} were given.",
        "参考图（所有参数合计）最多 {most} 张，收到 {got} 张。",
    ),
    "references_malformed": Text(
        "{flag} takes a JSON array of paths, or paths with commas between them; it got {got}.",
        "{flag} 应为路径组成的 JSON 数组，或用逗号分隔的路径；收到的是 {got}。",
    ),
    "reference_type": Text(
        "{flag} takes a PNG, JPEG or WebP picture; {got} is {media_type}.",
        "{flag} 只接受 PNG、JPEG 或 WebP 图片；{got} 是 {media_type}。",
    ),
    "task_name_invalid": Text(
        "{flag} takes up to {most} characters that can stand in a file name on every system; it got {got}.",
        "{flag} 应为不超过 {most} 个字符、可在各系统用作文件名的名称；收到的是 {got}。",
    ),
    "resume_elsewhere": Text(
        "Task {identifier} belongs to another address or account than the provider {provider} has now.",
        "任务 {identifier} 属于另一个地址或账户，与提供方 {provider} 当前的设置不同。",
    ),
    "option_goes_with": Text("{flag} cannot be given together with {other}.", "{flag} 不能与 {other} 一起使用。"),
}

SERVICE = {
    "content_refused": Text(
        "The provider's content rules refused the request ({rule}): {words}.",
        "请求未通过提供方的内容审核（{rule}）：{words}。",
    ),
    "content_refused.hint": Text(
        "Change the prompt or the reference pictures; the same request will be refused again. Nothing was charged.",
        "请修改提示词或参考图；同样的请求仍会被拒绝。本次未扣费。",
    ),
    "answer_without_picture": Text(
        "The provider answered without a picture: it may have been charged.",
        "提供方的答复里没有图片，可能已经扣费。",
    ),
    "attempts_unclear": Text(
        "No picture came, and {count} attempt(s) may have been charged. The last one: {last}",
        "没有得到图片，其中 {count} 次请求可能已经扣费。最后一次：{last}",
    ),
    "picture_not_base64": Text("it is no base64", "不是合法的 base64 数据"),
    "answer_gone": Text(
        "The answer of an earlier run, {path}, is gone or damaged, and the provider gives it only once.",
        "之前运行保存的答复 {path} 已丢失或损坏，而提供方只给出一次。",
    ),
    "request_gone": Text(
        "What was asked for is not recorded in {path} any more.", "{path} 中已没有当时的请求记录。"
    ),
    "request_gone.hint": Text(
        "Run the original command again with --on-unknown retry, after the user agreed.",
        "请在用户同意后，用原来的命令加上 --on-unknown retry 再次运行。",
    ),
}
_RETRY = Text(
    "Look at the provider's usage page first. Only if the user agrees to a possible second charge: "
    "--on-unknown retry sends the same request with the same Idempotency-Key.",
    "请先查看提供方的用量记录。只有在用户同意可能重复扣费时，才加上 --on-unknown retry，用同一个 Idempotency-Key 重发。",
)
for _code in (
    "outcome_unknown_before",
    "answer_lost",
    "answer_unclear",
    "answer_without_picture",
    "attempts_unclear",
):
    SERVICE[f"{_code}.hint"] = _RETRY
for _code in ("picture_unusable", "answer_gone"):
    SERVICE[f"{_code}.hint"] = Text("--new makes it again and pays again.", "--new 会重新生成，并再次扣费。")
for _code in ("link_expired", "link_refused", "link_private", "picture_too_large"):
    SERVICE[f"{_code}.hint"] = SERVICE["picture_unusable.hint"]

TALK = {
    "create_summary": Text(
        "{provider}/{model}: {mode}, size {size}, {references} reference picture(s), key {key}; cost: not known before.",
        "{provider}/{model}：{mode}，尺寸 {size}，参考图 {references} 张，密钥 {key}，费用：事先未知。",
    ),
    "mode_generation": Text("text2img", "文生图"),
    "mode_edit": Text("img2img", "参考图生图"),
    "task_begins": Text("Sending now (task here: {local_id}).", "正在发送（本机编号 {local_id}）。"),
    "word_sent": Text("the service is drawing", "服务正在生成"),
    "attempt_failed": Text(
        "Attempt {number} of {most} did not work; the next one in {pause} s. {why}",
        "第 {number}/{most} 次尝试未成功，{pause} 秒后重试。{why}",
    ),
    "waiting_to_retry": Text("next attempt in {left} s", "{left} 秒后重试"),
    "size_differs": Text(
        "Note: {asked} was asked for, the service made {got}.", "注意：请求的尺寸是 {asked}，服务给出的是 {got}。"
    ),
    "not_approved": Text(
        "{provider}/{model} is not the approved pair {approved}; this result cannot be accepted as proof.",
        "{provider}/{model} 不是认可的组合 {approved}，该结果不能作为验收证据。",
    ),
    "no_delivery": Text(
        "send_to_feishu is noted; this skill delivers nothing, the caller does.",
        "已收到 send_to_feishu；本技能不负责投递，由调用方完成。",
    ),
    "output_line": Text("Run folder: {path}", "运行目录：{path}"),
}

TASK_FILES = {
    "tasks_malformed": Text("The tasks {got} cannot be used: {reason}.", "任务文件 {got} 无法使用：{reason}。"),
    "tasks_malformed.hint": Text(
        'Give @file.json, - for stdin, or JSON text: {{"tasks": [{{"task_name": "…", "prompt": "…"}}]}}.',
        '请给出 @文件.json、-（标准输入）或 JSON 文本：{{"tasks": [{{"task_name": "…", "prompt": "…"}}]}}。',
    ),
    "tasks_unreadable": Text("The tasks {got} cannot be read: {reason}.", "无法读取任务文件 {got}：{reason}。"),
    "tasks_no_source": Text("a file is named with @ before it", "文件名前要加 @"),
    "tasks_too_large": Text("they are larger than 32 MB", "超过 32 MB"),
    "tasks_not_utf8": Text("they are not UTF-8 text", "不是 UTF-8 文本"),
    "tasks_not_json": Text(
        "they are no JSON, or a name stands twice in one object", "不是合法的 JSON，或同一对象里有重复的字段名"
    ),
    "tasks_no_object": Text("they are no JSON object", "最外层不是 JSON 对象"),
    "tasks_missing": Text("there is no list of tasks in it", "缺少非空的 tasks 列表"),
    "tasks_too_many": Text(
        "At most {most} tasks are taken; {got} were given.", "最多接受 {most} 个任务，收到 {got} 个。"
    ),
    "field_unknown": Text("{where} has unknown fields: {got}.", "{where}含有未知字段：{got}。"),
    "the_document": Text("The document", "任务文件"),
    "the_task": Text("The task", "任务"),
    "field_type": Text("The field {field} takes {expected}.", "字段 {field} 应为{expected}。"),
    "a_text": Text("text", "文本"),
    "true_or_false": Text("true or false", "true 或 false"),
    "task_no_object": Text("A task is a JSON object; {got} is none.", "任务应为 JSON 对象，收到的是 {got}。"),
    "folder_unsafe": Text(
        "{flag} leads to the folder {got}, which is not used: {reason}.",
        "{flag} 指向的文件夹 {got} 不予使用：{reason}。",
    ),
    "others_may_write": Text("others may write into it", "其他用户可以写入"),
    "workers_capped": Text(
        "{asked} workers were asked for; {most} are the most.", "要求 {asked} 个并发，最多为 {most} 个。"
    ),
}

BATCH = {
    "batch_begins": Text(
        "{tasks} task(s), {workers} at once, into {path}.", "共 {tasks} 个任务，并发 {workers} 个，保存到 {path}。"
    ),
    "batch_progress": Text("{done} of {total} done after {elapsed} s", "已完成 {done}/{total}，用时 {elapsed} 秒"),
    "batch_waits": Text(
        "Another process carries out the same batch ({path}); waiting for it.",
        "另一个进程正在执行同一批任务（{path}），正在等待。",
    ),
    "batch_busy": Text(
        "Another process carries out the same batch ({path}).", "另一个进程正在执行同一批任务（{path}）。"
    ),
    "batch_busy.hint": Text(
        "Nothing was sent. Run the same command again to wait for it.",
        "本次没有发送请求；再次运行同一条命令即可继续等待。",
    ),
    "batch_incomplete": Text(
        "{done} of {total} tasks are done. The first that is not: {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的原因：{first}",
    ),
    "batch_unfinished": Text(
        "{done} of {total} tasks are done; there was no time for the rest.",
        "{total} 个任务完成了 {done} 个，其余因时间用尽尚未开始。",
    ),
    "batch_incomplete.hint": Text(
        "Run the same command again: what is done is kept, what may have been charged is not sent again without "
        "--on-unknown retry, the rest is tried.",
        "再次运行同一条命令：已完成的会保留，可能已扣费的不会自动重发（除非加 --on-unknown retry），其余会继续执行。",
    ),
    "batch_unfinished.hint": Text(
        "Run the same command again; it goes on where it stopped.", "再次运行同一条命令即可继续。"
    ),
    "batch_stopped": Text(
        "Stopped; what was under way has ended, the rest was not started.",
        "已停止；进行中的任务已结束，其余未开始。",
    ),
    "batch_stopped.hint": Text(
        "The same command goes on; what is done is kept.", "再次运行同一条命令即可继续，已完成的会保留。"
    ),
    "task_not_started": Text("Not started: {reason}.", "未开始：{reason}。"),
    "stopped_by_key": Text("the key was refused", "密钥被拒绝"),
    "stopped_by_credits": Text("the account is empty", "账户余额不足"),
    "stopped_by_signal": Text("the batch was stopped", "批次被停止"),
    "stopped_by_time": Text("the time ran out", "时间已用尽"),
    "batch_totals": Text(
        "{done} of {total} done; {charges} request(s) may have been charged.",
        "完成 {done}/{total}；可能已扣费的请求共 {charges} 次。",
    ),
    "batch_report_line": Text("Report: {path}", "报告：{path}"),
    "row_prepared": Text("prepared", "已准备"),
    "row_submitted": Text("answered, not saved", "已答复，未保存"),
    "row_running": Text("running", "进行中"),
    "row_succeeded": Text("done", "完成"),
    "row_reused": Text("done before", "此前已完成"),
    "row_failed": Text("failed", "失败"),
    "row_refused": Text("refused", "被拒绝"),
    "row_unknown": Text("outcome unknown", "结果不明"),
    "row_not_started": Text("not started", "未开始"),
    "report_done": Text("done", "完成"),
    "report_provider": Text("Provider / model", "提供方 / 模型"),
    "report_finished": Text("Finished", "完成时间"),
    "report_seconds": Text("This run took", "本次用时"),
    "report_charges": Text("Requests that may have been charged", "可能已扣费的请求数"),
    "report_no_picture": Text("no picture", "没有图片"),
    "report_references": Text("References", "参考图"),
    "report_model": Text("Model", "模型"),
    "report_mode": Text("Mode", "方式"),
    "report_took": Text("Took", "用时"),
    "report_size": Text("Size", "尺寸"),
    "report_bytes": Text("Bytes", "字节数"),
}

QUEUE = {
    "queue_begins": Text(
        "{tasks} task(s), {workers} at once; state in {path}.",
        "共 {tasks} 个任务，并发 {workers} 个，状态保存在 {path}。",
    ),
    "queue_progress": Text("{done} of {total} ended", "已结束 {done}/{total}"),
    "queue_incomplete": Text(
        "{done} of {total} tasks are completed. The first that is not: {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的原因：{first}",
    ),
    "queue_incomplete.hint": Text(
        "Look at each with `image_queue.py get`. Run again, nothing that was made is paid again.",
        "请用 `image_queue.py get` 逐个查看。再次运行不会为已生成的图片重复付费。",
    ),
    "queue_interrupted": Text(
        "Stopped; running tasks were ended and waiting ones cancelled.",
        "已停止；运行中的任务已结束，排队的任务已取消。",
    ),
    "queue_interrupted.hint": Text(
        "Run the same command again; what was made is not paid again.",
        "再次运行同一条命令即可，已生成的图片不会重复付费。",
    ),
    "queue_busy": Text("Another runner works in {path}.", "另一个队列进程正在使用 {path}。"),
    "queue_busy.hint": Text(
        "One run at a time in a state folder; wait for it, or give another --state-dir.",
        "同一状态目录一次只能运行一个队列；请等待，或换一个 --state-dir。",
    ),
    "queue_missing": Text("There is no queue in {got} ({flag}).", "{got} 中没有队列（{flag}）。"),
    "queue_task_unknown": Text("The queue knows no task {identifier}.", "队列中没有任务 {identifier}。"),
    "queue_task_alive": Text("Task {task_id} has not ended yet.", "任务 {task_id} 尚未结束。"),
    "queue_task_ended": Text("Task {task_id} did not complete: {error}", "任务 {task_id} 未完成：{error}"),
    "queue_duplicate": Text("the key {key} is in this run already", "本次运行中已有相同的 task_key：{key}"),
    "queue_full": Text("the queue is full ({most} tasks)", "队列已满（{most} 个任务）"),
    "queue_cancelled": Text("cancelled", "已取消"),
    "queue_stopped": Text("ended because the queue was stopped", "因队列停止而结束"),
    "queue_late": Text(
        "the result does not belong to the worker that ran the task", "结果不属于执行该任务的进程，不予采用"
    ),
    "queue_timed_out": Text("ended after {seconds} s", "超过 {seconds} 秒，已被结束"),
    "queue_child_failed": Text(
        "its process ended with code {code} and no result", "进程以代码 {code} 结束，没有结果"
    ),
    "queue_mocks": Text("There are mocks among the tasks.", "任务中含有模拟任务。"),
    "mock_command_refused": Text(
        "mock_command runs only where {variable}=1 is set, for tests.",
        "仅在设置了 {variable}=1 的测试环境中才会执行 mock_command。",
    ),
    "a_list_of_words": Text("a list of words", "由字符串组成的列表"),
    "cancel_ended": Text("Task {task_id} has ended already: {status}.", "任务 {task_id} 已经结束：{status}。"),
    "cancel_running": Text(
        "Task {task_id} is running and was not cancelled: its request may be paid by now.",
        "任务 {task_id} 正在运行，未被取消：它的请求可能已经付费。",
    ),
    "cancel_running.hint": Text(
        "Let it end; the queue ends it when its time is over.", "请等它结束；超时后队列会自动结束它。"
    ),
    "queue_is_queued": Text("queued", "排队中"),
    "queue_is_running": Text("running", "运行中"),
    "queue_is_completed": Text("completed", "已完成"),
    "queue_is_failed": Text("failed", "失败"),
    "queue_is_timed_out": Text("timed out", "超时"),
    "queue_is_rejected": Text("rejected", "被拒收"),
    "queue_is_skipped": Text("skipped", "已跳过"),
    "queue_is_orphan_late_output": Text("late output", "迟到的结果"),
    "queue_is_cancelled": Text("cancelled", "已取消"),
    "queue_is_orphaned": Text("orphaned", "无主"),
}

VERIFY = {
    "verify_nothing": Text(
        "{got} is neither a result.json nor the folder of a run or a batch.",
        "{got} 不是 result.json，也不是运行或批次的目录。",
    ),
    "verify_refused": Text(
        "{refused} of {total} results cannot be accepted.", "{total} 个结果中有 {refused} 个不能验收。"
    ),
    "verify_accepted": Text("accepted", "通过"),
    "verify_not_accepted": Text("NOT ACCEPTED", "不通过"),
    "self_test_done": Text(
        "The rules accept what is good and refuse {count} kinds of bad results.",
        "规则能接受合格结果，并拒绝 {count} 种不合格结果。",
    ),
    "self_test_failed": Text("The rules are broken: {case}.", "验收规则有误：{case}。"),
    "rule_ok": Text("the run succeeded", "运行成功"),
    "rule_provider": Text("the provider is happy", "提供方为 happy"),
    "rule_model": Text("the model is gpt-image-2", "模型为 gpt-image-2"),
    "rule_mode": Text("the mode fits the references", "方式与参考图相符"),
    "rule_input_images": Text("the references are those that were sent", "参考图与实际发送的一致"),
    "rule_artifact": Text("the picture is there", "图片存在"),
    "rule_picture": Text("it is a whole picture", "是完整的图片"),
    "rule_integrity": Text("its hash, size and sides agree", "哈希、大小与尺寸一致"),
    "rule_not_an_input": Text("it is none of the references", "不是参考图本身"),
    "rule_no_mock": Text("it is no mock", "不是模拟结果"),
}

TEXTS = {**PROVIDER, **REQUEST, **SERVICE, **TALK, **TASK_FILES, **BATCH, **QUEUE, **VERIFY}
