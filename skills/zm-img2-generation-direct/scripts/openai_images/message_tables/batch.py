"""The messages of the batch and queue commands, English and Chinese side by side."""

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
    "tasks_no_source": Translation("a file name needs a leading @", "文件名前要加 @"),
    "tasks_too_large": Translation("the tasks are larger than 32 MB", "超过 32 MB"),
    "tasks_not_utf8": Translation("the tasks are not UTF-8 text", "不是 UTF-8 文本"),
    "tasks_not_json": Translation(
        "The tasks {got} are not valid JSON: see line {line}, column {column}.",
        "任务文件 {got} 不是合法的 JSON，请检查第 {line} 行第 {column} 列。",
    ),
    "tasks_too_odd": Translation(
        "the tasks are not valid JSON: NaN, Infinity or too deep nesting",
        "不是合法的 JSON：含有 NaN、Infinity 或过深的嵌套",
    ),
    "tasks_no_object": Translation("the tasks are not a JSON object", "最外层不是 JSON 对象"),
    "tasks_missing": Translation("the list of tasks is missing or empty", "缺少非空的 tasks 列表"),
    "tasks_too_many": Translation(
        "At most {most} tasks are allowed (got {got}).", "最多 {most} 个任务，实际为 {got} 个。"
    ),
    "field_unknown": Translation("{where} has unknown fields: {got}.", "{where}含有未知字段：{got}。"),
    "the_document": Translation("The document", "任务文件"),
    "the_task": Translation("The task", "任务"),
    "task_key_twice": Translation(
        "The task_key {got} appears twice in the file; each task needs its own.",
        "任务文件中的 task_key {got} 重复；每个任务的 task_key 应各不相同。",
    ),
    "field_twice": Translation(
        "In the tasks {got}, the field {field} appears twice in one object; remove one of them.",
        "任务文件 {got} 的同一对象中有两个 {field} 字段，请只保留一个。",
    ),
    "field_type": Translation("The field {field} must be {expected}.", "字段 {field} 应为{expected}。"),
    "a_text": Translation("text", "文本"),
    "true_or_false": Translation("true or false", "true 或 false"),
    "task_no_object": Translation(
        "A task must be a JSON object (got {got}).", "任务应为 JSON 对象，实际为 {got}。"
    ),
    "folder_unsafe": Translation(
        "{flag} points to {got}, which is not used because of {part}: {reason}.",
        "不使用 {flag} 指向的 {got}，原因在于 {part}：{reason}。",
    ),
    "others_may_write": Translation("other users can write to it", "其他用户可以写入"),
    "workers_capped": Translation(
        "Capped at {most} workers ({asked} requested).", "并发数最多为 {most}（要求 {asked}），已按 {most} 执行。"
    ),
}

BATCH = {
    "batch_begins": Translation(
        "{tasks} task(s), {made} already done; {workers} at once; saving to {path}.",
        "共 {tasks} 个任务，其中 {made} 个之前已完成；并发 {workers} 个，保存到 {path}。",
    ),
    "batch_progress": Translation(
        "{done} of {total} done after {elapsed} s, {rate} per minute, {left}",
        "已完成 {done}/{total}，用时 {elapsed} 秒，每分钟 {rate} 个，{left}",
    ),
    "batch_waits": Translation(
        "Another process is running the same batch ({path}); waiting for it.",
        "另一个进程正在执行同一批任务（{path}），正在等待。",
    ),
    "batch_busy": Translation(
        "Another process is running the same batch ({path}).", "另一个进程正在执行同一批任务（{path}）。"
    ),
    "batch_busy.hint": Translation(
        "Nothing was sent. Run the same command again to wait for it.",
        "本次没有发送任何请求。再次运行同一条命令即可继续等待。",
    ),
    "batch_incomplete": Translation(
        "{done} of {total} tasks are done. The first unfinished one is number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的是第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_key": Translation(
        "{done} of {total} tasks are done; the provider then refused the key. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，随后服务商拒绝了密钥。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_key.hint": Translation(
        "Correct the key first: {key_place}. Then run the same command again; it resumes. Before that, it ends the "
        "same way.",
        "请先修正密钥：{key_place}。再运行同一条命令即可继续；修正之前重复运行，结果不变。",
    ),
    "batch_stopped_by_credits": Translation(
        "{done} of {total} tasks are done; then the account had no credits left. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，随后账户余额不足。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_credits.hint": Translation(
        "Top up the account of the provider {provider}, then run the same command again; it resumes. To use another "
        "account, change its key: {key_place}.",
        "请为服务商 {provider} 的账户充值，再运行同一条命令即可继续。如需改用其他账户，请修改密钥：{key_place}。",
    ),
    "batch_stopped_by_budget": Translation(
        "{done} of {total} tasks are done; then the budget had no room. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，随后预算不足。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_budget.hint": Translation(
        "The same command resumes when the budget renews, or when the user raises it (see tasks.py budget show).",
        "预算重新计算后，或用户提高预算后，同一条命令会继续（见 tasks.py budget show）。",
    ),
    "batch_stopped_by_address": Translation(
        "{done} of {total} tasks are done; the provider's address is wrong. Number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个；服务商地址有误。第 {number} 个（{name}）：{first}",
    ),
    "batch_stopped_by_address.hint": Translation(
        "Check {address_place}; it usually ends in /v1. Then run the same command again; it resumes.",
        "请检查{address_place}，它通常以 /v1 结尾；改正后再运行同一条命令即可继续。",
    ),
    "batch_refused": Translation(
        "{done} of {total} tasks are done; retrying the others unchanged would not help. The first of them "
        "is number {number} ({name}): {first}",
        "{total} 个任务完成了 {done} 个，其余的原样重试也不会成功。其中第一个是第 {number} 个（{name}）：{first}",
    ),
    "batch_refused.hint": Translation(
        "Correct the refused or invalid tasks in the same file, and run it again without --new: finished "
        "tasks are not paid again. An image that was paid for but is missing or unusable is generated and "
        "paid again only by its own command: error.next of its row in batch_result.json.",
        "请在原文件中修改被拒绝或无效的任务（文件名不变），然后再次运行，不要加 --new：已完成的任务不会重复"
        "付费。已付费但丢失或无法使用的图片，只有执行 batch_result.json 中该行 "
        "error.next 给出的命令，才会重新生成并再次扣费。",
    ),
    "batch_unfinished": Translation(
        "{done} of {total} tasks are done; the time ran out before the rest.",
        "{total} 个任务完成了 {done} 个，其余因时间用尽尚未开始。",
    ),
    "batch_incomplete.hint": Translation(
        "Run the same command again: finished tasks are kept, the rest is tried, and a task that may have "
        "been charged is not sent again without --on-unknown retry. If a task needs anything else, see "
        "error.next of its row in batch_result.json.",
        "再次运行同一条命令：已完成的任务会保留，其余的会继续执行；可能已扣费的任务不会重发，除非加上 "
        "--on-unknown retry。个别任务另需的操作，见 batch_result.json 中该行"
        "的 error.next。",
    ),
    "batch_unfinished.hint": Translation(
        "Run the same command again; it continues where it stopped.", "再次运行同一条命令即可继续。"
    ),
    "batch_stopped": Translation(
        "Stopped: running tasks have ended, the rest was not started.", "已停止；进行中的任务已结束，其余未开始。"
    ),
    "batch_stopped.hint": Translation(
        "Run the same command again to continue; finished tasks are kept.",
        "再次运行同一条命令即可继续，已完成的任务会保留。",
    ),
    "batch_abandoned": Translation(
        "Stopped immediately: requests in progress may have been charged.",
        "已立即停止：进行中的请求可能已经扣费。",
    ),
    "batch_abandoned.hint": Translation(
        "Run the same command again to continue: finished tasks are kept, and a task that may have been "
        "charged is not sent again without --on-unknown retry.",
        "再次运行同一条命令即可继续：已完成的任务会保留；可能已扣费的任务不会重发，除非加上 --on-unknown retry。",
    ),
    "task_not_started": Translation("Not started: {reason}.", "未开始：{reason}。"),
    "stopped_by_key": Translation("the key was refused", "密钥被拒绝"),
    "stopped_by_credits": Translation("the account has no credits left", "账户余额不足"),
    "stopped_by_budget": Translation("the budget has no room for another task", "预算不足以再做一个任务"),
    "batch_fits": Translation(
        "The budget has room for {fits} of the {tasks} tasks to be paid; the batch stops before the next one.",
        "需要付费的 {tasks} 个任务中，预算够做 {fits} 个；批次会在下一个任务之前停止。",
    ),
    "stopped_by_address": Translation("the provider's address is wrong", "服务商地址有误"),
    "stopped_by_signal": Translation("the batch was stopped", "批次被停止"),
    "stopped_by_time": Translation("the time ran out", "时间已用完"),
    "batch_totals": Translation(
        "{done} of {total} done; {charges} request(s) may have been charged.",
        "完成 {done}/{total}；可能已扣费的请求共 {charges} 次。",
    ),
    "batch_report_line": Translation("Report: {path}", "报告：{path}"),
    "row_prepared": Translation("prepared", "已准备"),
    "row_submitted": Translation("answered, not saved", "已响应，未保存"),
    "row_running": Translation("running", "进行中"),
    "row_succeeded": Translation("done", "完成"),
    "row_reused": Translation("done earlier", "之前已完成"),
    "row_failed": Translation("failed", "失败"),
    "row_refused": Translation("refused", "被拒绝"),
    "row_unknown": Translation("outcome unknown", "结果不明"),
    "row_not_started": Translation("not started", "未开始"),
    "report_done": Translation("done", "完成"),
    "report_provider": Translation("Provider / model", "服务商 / 模型"),
    "report_finished": Translation("Finished", "完成时间"),
    "report_seconds": Translation("This run took", "本次用时"),
    "report_charges": Translation("Requests that may have been charged", "可能已扣费的请求数"),
    "report_references": Translation("Reference images", "参考图"),
    "report_mode": Translation("Mode", "模式"),
    "report_took": Translation("Took", "用时"),
    "report_asked": Translation("({size} requested)", "（要求 {size}）"),
    "report_bytes": Translation("Bytes", "字节数"),
}

QUEUE = {
    "queue_begins": Translation(
        "{tasks} task(s), {workers} at once; state kept in {path}.",
        "共 {tasks} 个任务，并发 {workers} 个，状态保存在 {path}。",
    ),
    "queue_progress": Translation(
        "{done} of {total} ended after {elapsed} s, {rate} per minute, {left}",
        "已结束 {done}/{total}，用时 {elapsed} 秒，每分钟 {rate} 个，{left}",
    ),
    "left_about": Translation("about {seconds} s left", "约剩 {seconds} 秒"),
    "left_unknown": Translation("time left not known yet", "剩余时间未知"),
    "queue_incomplete": Translation(
        "{done} of {total} tasks are completed. The first unfinished one: {first}",
        "{total} 个任务完成了 {done} 个。第一个未完成的原因：{first}",
    ),
    "queue_incomplete.hint": Translation(
        "Check each task with `image_queue.py get`, then run the queue again: finished images are not paid "
        "again, and a task that may have been charged is not sent again without --on-unknown retry.",
        "请用 `image_queue.py get` 逐个查看，然后再次运行队列：已生成的图片不会重复付费；可能已扣费的任务不会重发，除非加上 --on-unknown retry。",
    ),
    "queue_stopped_by_key": Translation(
        "{done} of {total} tasks are completed; then the provider refused the key, and no further task was "
        "started: {first}",
        "{total} 个任务完成了 {done} 个，随后密钥被拒绝，其余任务未开始：{first}",
    ),
    "queue_stopped_by_credits": Translation(
        "{done} of {total} tasks are completed; then the account had no credits left, and no further task was "
        "started: {first}",
        "{total} 个任务完成了 {done} 个，随后账户余额不足，其余任务未开始：{first}",
    ),
    "queue_stopped_by_budget": Translation(
        "{done} of {total} tasks are completed; then the budget had no room, and no further task was started: {first}",
        "{total} 个任务完成了 {done} 个，随后预算不足，其余任务未开始：{first}",
    ),
    "queue_stopped_by_address": Translation(
        "{done} of {total} tasks are completed; the provider's address is wrong, and no further task was started: "
        "{first}",
        "{total} 个任务完成了 {done} 个；服务商地址有误，其余任务未开始：{first}",
    ),
    "queue_interrupted": Translation(
        "Stopped: running tasks were ended and waiting tasks were cancelled.",
        "已停止：运行中的任务已结束，排队中的任务已取消。",
    ),
    "queue_interrupted.hint": Translation(
        "Run the same command again; finished images are not paid again.",
        "再次运行同一条命令即可，已生成的图片不会重复付费。",
    ),
    "queue_busy": Translation("Another queue process is using {path}.", "另一个队列进程正在使用 {path}。"),
    "queue_busy.hint": Translation(
        "Only one run at a time can use a state folder. Wait for it, or choose another folder with --state-dir.",
        "同一状态目录一次只能运行一个队列。请等待它结束，或用 --state-dir 换一个目录。",
    ),
    "queue_missing": Translation("There is no queue in {got} ({flag}).", "{got} 中没有队列（{flag}）。"),
    "queue_missing.hint": Translation(
        "`image_queue.py run` creates one. If it is not in the default folder, name its folder with --state-dir.",
        "`image_queue.py run` 会创建队列；如果不在默认目录，请用 --state-dir 指定。",
    ),
    "queue_task_unknown": Translation("The queue has no task {identifier}.", "队列中没有任务 {identifier}。"),
    "queue_task_unknown.hint": Translation(
        "`image_queue.py list` shows the ID and key of every task.",
        "`image_queue.py list` 会列出所有任务的 ID 和 task_key。",
    ),
    "queue_task_alive": Translation("Task {task_id} has not finished yet.", "任务 {task_id} 尚未结束。"),
    "queue_task_ended.hint": Translation(
        "See its stdout and stderr for details. Running the same `image_queue.py run` again retries it; "
        "finished images are kept.",
        "详情见该任务的 stdout 和 stderr。再次执行同一条 `image_queue.py run` 会重试；已生成的图片会保留。",
    ),
    "queue_task_ended": Translation("Task {task_id} did not complete: {error}", "任务 {task_id} 未完成：{error}"),
    "queue_duplicate": Translation("the key {key} is already in this run", "本次运行中已有相同的 task_key：{key}"),
    "queue_full": Translation("the queue is full ({most} tasks)", "队列已满（{most} 个任务）"),
    "queue_cancelled": Translation("cancelled", "已取消"),
    "queue_stopped": Translation("stopped because the queue was stopped", "队列停止，任务随之结束"),
    "queue_orphaned": Translation("the queue process ended before the task did", "队列进程在任务结束前已退出"),
    "queue_late": Translation(
        "the result does not belong to the worker that ran the task", "结果不属于执行该任务的进程，不予采用"
    ),
    "queue_timed_out": Translation("stopped after {seconds} s", "超过 {seconds} 秒，已停止"),
    "queue_child_failed": Translation(
        "its process exited with code {code} and no result", "进程退出，代码为 {code}，没有结果"
    ),
    "queue_mocks": Translation("Some of the tasks are mocks.", "任务中含有模拟任务。"),
    "proof_incomplete": Translation(
        "{done} of {total} tasks are completed; a result with failed tasks is not accepted as proof.",
        "{total} 个任务只完成了 {done} 个；含有未完成任务的结果不能作为验收证据。",
    ),
    "queue_status_incomplete": Translation(
        "{count} task(s) of this queue did not complete. The newest: {task_id} ({error})",
        "此队列中有 {count} 个任务未完成。最近一个：{task_id}（{error}）",
    ),
    "queue_status_incomplete.hint": Translation(
        "`image_queue.py list` shows them all. The same `image_queue.py run` retries them: finished images are not "
        "paid again, and a task that may have been charged is not sent again without --on-unknown retry.",
        "`image_queue.py list` 会列出全部任务。再次执行同一条 `image_queue.py run` 会重试：已生成的图片不会重复付费；"
        "可能已扣费的任务不会重发，除非加上 --on-unknown retry。",
    ),
    "queue_status_running": Translation(
        "{count} task(s) of this queue have not ended yet.", "此队列中有 {count} 个任务尚未结束。"
    ),
    "mock_command_refused": Translation(
        "mock_command runs only if {variable}=1 is set, for tests.",
        "mock_command 仅用于测试，需要设置 {variable}=1 才会执行。",
    ),
    "a_list_of_words": Translation("a list of strings", "由字符串组成的列表"),
    "cancel_ended": Translation(
        "Task {task_id} has already ended: {status}.", "任务 {task_id} 已经结束：{status}。"
    ),
    "cancel_ended.hint": Translation(
        "There is nothing left to cancel; `image_queue.py get` shows the outcome.",
        "已没有可取消的内容；可用 `image_queue.py get` 查看结果。",
    ),
    "cancel_running": Translation(
        "Task {task_id} is running and was not cancelled: its request may already be paid.",
        "任务 {task_id} 正在运行，未被取消：它的请求可能已经付费。",
    ),
    "cancel_running.hint": Translation(
        "Let it finish; the queue stops it when its time runs out.", "请等它结束；超时后，队列会自动停止它。"
    ),
    "queue_is_queued": Translation("queued", "排队中"),
    "queue_is_running": Translation("running", "运行中"),
    "queue_is_completed": Translation("completed", "已完成"),
    "queue_is_failed": Translation("failed", "失败"),
    "queue_is_timed_out": Translation("timed out", "超时"),
    "queue_is_rejected": Translation("rejected", "被拒收"),
    "queue_is_skipped": Translation("skipped", "已跳过"),
    "queue_is_orphan_late_output": Translation("late output", "结果来得太晚"),
    "queue_is_cancelled": Translation("cancelled", "已取消"),
    "queue_is_orphaned": Translation("orphaned", "已失去归属"),
}

for _reason in ("key", "credits", "budget", "address"):
    QUEUE[f"queue_stopped_by_{_reason}.hint"] = BATCH[f"batch_stopped_by_{_reason}.hint"]

MANY = {**TASK_FILES, **BATCH, **QUEUE}
