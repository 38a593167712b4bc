"""The sentences of the commands that carry out many tasks: batches and the queue."""

from __future__ import annotations

from shared.i18n.messages import Translation

TASK_FILES = {
    "tasks_malformed": Translation(
        "The tasks {got} cannot be used: {reason}.", "任务文件 {got} 无法使用：{reason}。"
    ),
    "tasks_malformed.hint": Translation(
        'Give @file.json, - for stdin, or JSON text: {{"tasks": [{{"task_name": "…", "prompt": "…"}}]}}.',
        '请给出 @文件.json、-（标准输入）或 JSON 文本：{{"tasks": [{{"task_name": "…", "prompt": "…"}}]}}。',
    ),
    "tasks_unreadable": Translation(
        "The tasks {got} cannot be read: {reason}.", "无法读取任务文件 {got}：{reason}。"
    ),
    "tasks_no_source": Translation("a file is named with @ before it", "文件名前要加 @"),
    "tasks_too_large": Translation("they are larger than 32 MB", "超过 32 MB"),
    "tasks_not_utf8": Translation("they are not UTF-8 text", "不是 UTF-8 文本"),
    "tasks_not_json": Translation(
        "The tasks {got} are no JSON: look at line {line}, column {column}.",
        "任务文件 {got} 不是合法的 JSON，请检查第 {line} 行第 {column} 列。",
    ),
    "tasks_too_odd": Translation(
        "they are no JSON: NaN, Infinity or endless nesting", "不是合法的 JSON：含有 NaN、Infinity 或过深的嵌套"
    ),
    "tasks_no_object": Translation("they are no JSON object", "最外层不是 JSON 对象"),
    "tasks_missing": Translation("there is no list of tasks in it", "缺少非空的 tasks 列表"),
    "tasks_too_many": Translation(
        "At most {most} tasks are taken; {got} were given.", "最多接受 {most} 个任务，收到 {got} 个。"
    ),
    "field_unknown": Translation("{where} has unknown fields: {got}.", "{where}含有未知字段：{got}。"),
    "the_document": Translation("The document", "任务文件"),
    "the_task": Translation("The task", "任务"),
    "task_key_twice": Translation(
        "The task_key {got} stands twice in the file; each task takes one of its own.",
        "任务文件中的 task_key {got} 重复，每个任务的 task_key 应各不相同。",
    ),
    "field_twice": Translation(
        "In the tasks {got} the field {field} stands twice in one object; leave one of them.",
        "任务文件 {got} 的同一对象里有两个 {field} 字段，请只保留一个。",
    ),
    "field_type": Translation("The field {field} takes {expected}.", "字段 {field} 应为{expected}。"),
    "a_text": Translation("text", "文本"),
    "true_or_false": Translation("true or false", "true 或 false"),
    "task_no_object": Translation(
        "A task is a JSON object; {got} is none.", "任务应为 JSON 对象，收到的是 {got}。"
    ),
    "folder_unsafe": Translation(
        "{flag} leads to {got}, which is not used because of {part}: {reason}.",
        "{flag} 指向的 {got} 不予使用，原因在 {part}：{reason}。",
    ),
    "others_may_write": Translation("others may write into it", "其他用户可以写入"),
    "workers_capped": Translation(
        "{asked} workers were asked for; {most} are the most.", "要求 {asked} 个并发，最多为 {most} 个。"
    ),
}

BATCH = {
    "batch_begins": Translation(
        "{tasks} task(s), {made} of them made already; {workers} at once, into {path}.",
        "共 {tasks} 个任务，其中 {made} 个此前已生成；并发 {workers} 个，保存到 {path}。",
    ),
    "batch_progress": Translation(
        "{done} of {total} done after {elapsed} s", "已完成 {done}/{total}，用时 {elapsed} 秒"
    ),
    "batch_waits": Translation(
        "Another process carries out the same batch ({path}); waiting for it.",
        "另一个进程正在执行同一批任务（{path}），正在等待。",
    ),
    "batch_busy": Translation(
        "Another process carries out the same batch ({path}).", "另一个进程正在执行同一批任务（{path}）。"
    ),
    "batch_busy.hint": Translation(
        "Nothing was sent. Run the same command again to wait for it.",
        "本次没有发送请求；再次运行同一条命令即可继续等待。",
    ),
    "batch_incomplete": Translation(
        "{done} of {total} tasks are done. The first that is not is number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的是第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_key": Translation(
        "{done} of {total} tasks are done; then the provider refused the key. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，随后密钥被拒绝。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_key.hint": Translation(
        "Mend the key first: models.providers.<name>.apiKey in OpenClaw's configuration. Until then, the same "
        "command ends like this one; after that, it resumes.",
        "请先修正 OpenClaw 配置中的 models.providers.<name>.apiKey；"
        "修正前重复运行结果不变，修正后同一条命令会继续。",
    ),
    "batch_stopped_by_address": Translation(
        "{done} of {total} tasks are done; the provider's address is wrong. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个；提供方地址有误。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_address.hint": Translation(
        "Check baseUrl in OpenClaw's configuration; it usually ends in /v1. After that, the same command resumes.",
        "请检查 OpenClaw 配置中的 baseUrl，它通常以 /v1 结尾；改正后同一条命令会继续。",
    ),
    "batch_refused": Translation(
        "{done} of {total} tasks are done; the same again would not make the others. The first of them is number "
        "{number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，其余的原样重试也不会成功。其中第一个是第 {number} 个（{name}）：{first}",
    ),
    "batch_refused.hint": Translation(
        "Correct what was refused or cannot be sent, keep the name of the file, and run it again without --new: "
        "what is done is not paid again. A picture that was paid and is gone or unusable is made again, and paid "
        "again, only by its own command: error.next of its row in batch_result.json.",
        "请在原文件中修改被拒绝或无法发送的任务（文件名不变）后再次运行，不要加 --new，已完成的不会重复付费。"
        "已付费但丢失或无法使用的图片，"
        "只有执行 batch_result.json 中该行 error.next 给出的命令才会重新生成并再次扣费。",
    ),
    "batch_unfinished": Translation(
        "{done} of {total} tasks are done; there was no time for the rest.",
        "{total} 个任务完成了 {done} 个，其余因时间用尽尚未开始。",
    ),
    "batch_incomplete.hint": Translation(
        "Run the same command again: what is done is kept, what may have been charged is not sent again without "
        "--on-unknown retry, the rest is tried. What a task needs besides is error.next of its row in "
        "batch_result.json.",
        "再次运行同一条命令：已完成的会保留；可能已扣费的不会自动重发，除非加 --on-unknown retry；其余继续执行。"
        "个别任务另需的操作见 batch_result.json 中该行的 error.next。",
    ),
    "batch_unfinished.hint": Translation(
        "Run the same command again; it goes on where it stopped.", "再次运行同一条命令即可继续。"
    ),
    "batch_stopped": Translation(
        "Stopped; what was under way has ended, the rest was not started.",
        "已停止；进行中的任务已结束，其余未开始。",
    ),
    "batch_stopped.hint": Translation(
        "The same command goes on; what is done is kept.", "再次运行同一条命令即可继续，已完成的会保留。"
    ),
    "batch_abandoned": Translation(
        "Stopped at once: requests that were under way may have been charged.",
        "已立即停止：进行中的请求可能已经扣费。",
    ),
    "batch_abandoned.hint": Translation(
        "The same command goes on: what is done is kept, and what may have been charged is not sent again without "
        "--on-unknown retry.",
        "再次运行同一条命令即可继续：已完成的会保留；可能已扣费的不会自动重发，除非加 --on-unknown retry。",
    ),
    "task_not_started": Translation("Not started: {reason}.", "未开始：{reason}。"),
    "stopped_by_key": Translation("the key was refused", "密钥被拒绝"),
    "stopped_by_credits": Translation("the account is empty", "账户余额不足"),
    "stopped_by_address": Translation("the provider's address is wrong", "提供方地址有误"),
    "stopped_by_signal": Translation("the batch was stopped", "批次被停止"),
    "stopped_by_time": Translation("the time ran out", "时间已用尽"),
    "batch_totals": Translation(
        "{done} of {total} done; {charges} request(s) may have been charged.",
        "完成 {done}/{total}；可能已扣费的请求共 {charges} 次。",
    ),
    "batch_report_line": Translation("Report: {path}", "报告：{path}"),
    "row_prepared": Translation("prepared", "已准备"),
    "row_submitted": Translation("answered, not saved", "已答复，未保存"),
    "row_running": Translation("running", "进行中"),
    "row_succeeded": Translation("done", "完成"),
    "row_reused": Translation("done before", "此前已完成"),
    "row_failed": Translation("failed", "失败"),
    "row_refused": Translation("refused", "被拒绝"),
    "row_unknown": Translation("outcome unknown", "结果不明"),
    "row_not_started": Translation("not started", "未开始"),
    "report_done": Translation("done", "完成"),
    "report_provider": Translation("Provider / model", "提供方 / 模型"),
    "report_finished": Translation("Finished", "完成时间"),
    "report_seconds": Translation("This run took", "本次用时"),
    "report_charges": Translation("Requests that may have been charged", "可能已扣费的请求数"),
    "report_no_picture": Translation("no picture", "没有图片"),
    "report_references": Translation("References", "参考图"),
    "report_model": Translation("Model", "模型"),
    "report_mode": Translation("Mode", "方式"),
    "report_took": Translation("Took", "用时"),
    "report_size": Translation("Size", "尺寸"),
    "report_asked": Translation("({size} was asked for)", "（要求 {size}）"),
    "report_bytes": Translation("Bytes", "字节数"),
}

QUEUE = {
    "queue_begins": Translation(
        "{tasks} task(s), {workers} at once; state in {path}.",
        "共 {tasks} 个任务，并发 {workers} 个，状态保存在 {path}。",
    ),
    "queue_progress": Translation("{done} of {total} ended", "已结束 {done}/{total}"),
    "queue_incomplete": Translation(
        "{done} of {total} tasks are completed. The first that is not: {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的原因：{first}",
    ),
    "queue_incomplete.hint": Translation(
        "Look at each with `image_queue.py get`. Run again: what was made is not paid again, what may have been "
        "charged is not sent again without --on-unknown retry.",
        "请用 `image_queue.py get` 逐个查看。再次运行不会为已生成的图片重复付费；可能已扣费的不会自动重发，"
        "除非加 --on-unknown retry。",
    ),
    "queue_interrupted": Translation(
        "Stopped; running tasks were ended and waiting ones cancelled.",
        "已停止；运行中的任务已结束，排队的任务已取消。",
    ),
    "queue_interrupted.hint": Translation(
        "Run the same command again; what was made is not paid again.",
        "再次运行同一条命令即可，已生成的图片不会重复付费。",
    ),
    "queue_busy": Translation("Another runner works in {path}.", "另一个队列进程正在使用 {path}。"),
    "queue_busy.hint": Translation(
        "One run at a time in a state folder; wait for it, or give another --state-dir.",
        "同一状态目录一次只能运行一个队列；请等待，或换一个 --state-dir。",
    ),
    "queue_missing": Translation("There is no queue in {got} ({flag}).", "{got} 中没有队列（{flag}）。"),
    "queue_missing.hint": Translation(
        "`image_queue.py run` makes one; name its folder with --state-dir if it is not the usual one.",
        "`image_queue.py run` 会建立队列；不在默认目录时请用 --state-dir 指明。",
    ),
    "queue_task_unknown": Translation("The queue knows no task {identifier}.", "队列中没有任务 {identifier}。"),
    "queue_task_unknown.hint": Translation(
        "`image_queue.py list` shows the ids and keys of all tasks.",
        "`image_queue.py list` 会列出所有任务的编号和 task_key。",
    ),
    "queue_task_alive": Translation("Task {task_id} has not ended yet.", "任务 {task_id} 尚未结束。"),
    "queue_task_ended.hint": Translation(
        "Its stdout and stderr tell more. The same `image_queue.py run` tries it again; what was made is kept.",
        "详情见该任务的 stdout 和 stderr。再次执行同一条 `image_queue.py run` 会重试；已生成的图片会保留。",
    ),
    "queue_task_ended": Translation("Task {task_id} did not complete: {error}", "任务 {task_id} 未完成：{error}"),
    "queue_duplicate": Translation("the key {key} is in this run already", "本次运行中已有相同的 task_key：{key}"),
    "queue_full": Translation("the queue is full ({most} tasks)", "队列已满（{most} 个任务）"),
    "queue_cancelled": Translation("cancelled", "已取消"),
    "queue_stopped": Translation("ended because the queue was stopped", "因队列停止而结束"),
    "queue_orphaned": Translation("the runner ended before the task did", "队列进程在任务结束前就退出了"),
    "queue_late": Translation(
        "the result does not belong to the worker that ran the task", "结果不属于执行该任务的进程，不予采用"
    ),
    "queue_timed_out": Translation("ended after {seconds} s", "超过 {seconds} 秒，已被结束"),
    "queue_child_failed": Translation(
        "its process ended with code {code} and no result", "进程以代码 {code} 结束，没有结果"
    ),
    "queue_mocks": Translation("There are mocks among the tasks.", "任务中含有模拟任务。"),
    "mock_command_refused": Translation(
        "mock_command runs only where {variable}=1 is set, for tests.",
        "仅在设置了 {variable}=1 的测试环境中才会执行 mock_command。",
    ),
    "a_list_of_words": Translation("a list of words", "由字符串组成的列表"),
    "cancel_ended": Translation(
        "Task {task_id} has ended already: {status}.", "任务 {task_id} 已经结束：{status}。"
    ),
    "cancel_ended.hint": Translation(
        "There is nothing left to cancel; `image_queue.py get` tells what came of it.",
        "已无可取消的内容；用 `image_queue.py get` 查看结果。",
    ),
    "cancel_running": Translation(
        "Task {task_id} is running and was not cancelled: its request may be paid by now.",
        "任务 {task_id} 正在运行，未被取消：它的请求可能已经付费。",
    ),
    "cancel_running.hint": Translation(
        "Let it end; the queue ends it when its time is over.", "请等它结束；超时后队列会自动结束它。"
    ),
    "queue_is_queued": Translation("queued", "排队中"),
    "queue_is_running": Translation("running", "运行中"),
    "queue_is_completed": Translation("completed", "已完成"),
    "queue_is_failed": Translation("failed", "失败"),
    "queue_is_timed_out": Translation("timed out", "超时"),
    "queue_is_rejected": Translation("rejected", "被拒收"),
    "queue_is_skipped": Translation("skipped", "已跳过"),
    "queue_is_orphan_late_output": Translation("late output", "迟到的结果"),
    "queue_is_cancelled": Translation("cancelled", "已取消"),
    "queue_is_orphaned": Translation("orphaned", "无主"),
}

MANY = {**TASK_FILES, **BATCH, **QUEUE}
