"""The sentences of a fleet: the queue in PostgreSQL, its workers and its store."""

from __future__ import annotations

from shared.i18n.messages import Translation

FLEET = {
    "database_missing": Translation(
        "{flag} names the fleet's database, such as postgresql://db.example/fleet; IMAGE_QUEUE_DATABASE does too.",
        "请用 {flag} 或 IMAGE_QUEUE_DATABASE 指明任务数据库，例如 postgresql://db.example/fleet。",
    ),
    "database_password": Translation(
        "{flag} holds a password, which other users of this machine could read; nothing was done.",
        "{flag} 中含有密码，本机其他用户可能看到；未执行任何操作。",
    ),
    "database_password.hint": Translation(
        "Leave it out of the address. PostgreSQL reads it from the file that PGPASSFILE names (~/.pgpass), or from a service file.",
        "请从地址中去掉密码。PostgreSQL 会从 PGPASSFILE 指定的文件（默认 ~/.pgpass）或服务文件中读取密码。",
    ),
    "database_invalid": Translation(
        "{flag} takes an address such as postgresql://db.example/fleet, or words such as service=fleet.",
        "{flag} 应为 postgresql://db.example/fleet 这样的地址，或 service=fleet 这样的设置。",
    ),
    "database_moved": Translation(
        "The database {path} was restored, promoted or copied since it was set up: tasks that wait there may have been sent. Nothing is sent.",
        "数据库 {path} 在初始化之后经过恢复、主备切换或复制：其中等待的任务可能已经发送过，因此不再发送任何请求。",
    ),
    "database_moved.hint": Translation(
        "If it lost no commit (synchronous replication): `image_queue.py reconcile --apply --after-restore trust`; else distrust, which makes every waiting task unknown.",
        "若没有丢失任何提交（同步复制）：`image_queue.py reconcile --apply --after-restore trust`；否则用 distrust，将等待的任务全部标为结果未知。",
    ),
    "fleet_packages_missing": Translation(
        "A fleet needs Python packages that are missing: {missing}. Install them once: {line}",
        "任务队列集群缺少这些 Python 包：{missing}。运行一次即可安装：{line}",
    ),
    "fleet_packages_missing.hint": Translation(
        "Then run the command with that environment's Python: {python}",
        "然后用该环境的 Python 运行命令：{python}",
    ),
    "store_missing": Translation(
        "{flag} names where all workers keep pictures: a shared folder, or s3://BUCKET/PREFIX; IMAGE_QUEUE_STORE does too.",
        "请用 {flag} 或 IMAGE_QUEUE_STORE 指明所有工作进程共用的图片位置：共享文件夹，或 s3://BUCKET/PREFIX。",
    ),
    "store_invalid": Translation(
        "{flag} takes a folder that exists, or s3://BUCKET/PREFIX; it got {got}.",
        "{flag} 应为已存在的文件夹，或 s3://BUCKET/PREFIX；收到的是 {got}。",
    ),
    "store_not_shared": Translation(
        "The store {place} is not the fleet's, which is {first}: it is another place, or not mounted here. Nothing is sent.",
        "{place} 不是本集群的图片位置（应为 {first}）：可能是另一个文件夹，或未挂载。未发送任何请求。",
    ),
    "store_failed": Translation(
        "The store {place} cannot be read or written: {reason}.", "无法读写图片位置 {place}：{reason}。"
    ),
    "store_failed.hint": Translation(
        "Answers that are paid stay in the worker's spool; start it again when the store works.",
        "已付费的结果保留在工作进程的暂存目录；图片位置恢复后请重新启动工作进程。",
    ),
    "spool_full": Translation(
        "{path} has {free} MB left; nothing is sent with less than {least} MB, because an answer might find no room.",
        "{path} 只剩 {free} MB；少于 {least} MB 时不发送请求，以免结果无处保存。",
    ),
    "spool_full.hint": Translation(
        "Make room, or choose another folder with --spool, and start the worker again.",
        "请腾出空间，或用 --spool 换一个文件夹，再重新启动工作进程。",
    ),
    "task_altered": Translation(
        "The job of task {identifier} does not hold the request that its entry describes; it was not sent.",
        "任务 {identifier} 的作业内容与任务记录不符，未发送。",
    ),
    "reference_gone": Translation(
        "The reference picture {place} is not in the store any more; the task was not sent.",
        "图片位置中已没有参考图 {place}，任务未发送。",
    ),
    "start_at_invalid": Translation(
        "{flag} takes a time with its zone, such as 2026-12-24T18:00:00+01:00; it got {got}.",
        "{flag} 应为带时区的时间，例如 2026-12-24T18:00:00+01:00；收到的是 {got}。",
    ),
    "option_needs": Translation("{flag} needs {other} as well.", "{flag} 需要与 {other} 一起使用。"),
    "fleet_migrated": Translation("{path} is set up: {steps}.", "{path} 初始化完成：{steps}。"),
    "fleet_up_to_date": Translation("{path} is up to date.{steps}", "{path} 已是最新版本。{steps}"),
    "fleet_submits": Translation("{tasks} task(s) go to {path}.", "共 {tasks} 个任务提交到 {path}。"),
    "fleet_submitted": Translation(
        "Planned: {planned}. Queued: {queued}. In the queue already: {in_queue}. Made before: {reused}. Unknown: {unknown}. Failed before: {failed}. Rejected: {rejected}.",
        "计划 {planned} 个，新入队 {queued} 个，已在队列 {in_queue} 个，此前已生成 {reused} 个，结果未知 {unknown} 个，此前失败 {failed} 个，被拒收 {rejected} 个。",
    ),
    "submit_incomplete": Translation(
        "{count} of {total} tasks were not queued. The first of them: {first}",
        "{total} 个任务中有 {count} 个未入队。第一个的原因：{first}",
    ),
    "submit_incomplete.hint": Translation(
        "Correct the file and submit it again: what is queued or made is not paid again. Unknown ones need --on-unknown retry.",
        "修正文件后再次提交即可：已入队或已生成的不会重复付费。结果未知的任务需要 --on-unknown retry。",
    ),
    "fleet_begins": Translation(
        "Worker {name} takes tasks from {path}; pictures go to {store}.",
        "工作进程 {name} 从 {path} 领取任务，图片保存到 {store}。",
    ),
    "fleet_task": Translation("{local_id}: {status} {detail}", "{local_id}：{status} {detail}"),
    "fleet_database_away": Translation(
        "The database {path} cannot be reached ({reason}); waiting for it. Requests under way are finished.",
        "无法连接数据库 {path}（{reason}），正在等待；已发出的请求会继续完成。",
    ),
    "fleet_database_back": Translation("The database {path} is back.", "数据库 {path} 已恢复。"),
    "fleet_ended": Translation(
        "Completed: {completed}. Unknown: {unknown}. Failed: {failed}.",
        "已完成 {completed} 个，结果未知 {unknown} 个，失败 {failed} 个。",
    ),
    "fleet_reconciled": Translation(
        "Waiting again: {again}. Unknown: {unknown}. Ended before: {ended}. In living hands: {alive}.",
        "重新等待 {again} 个，结果未知 {unknown} 个，此前已结束 {ended} 个，仍有进程在处理 {alive} 个。",
    ),
    "fleet_would_reconcile": Translation(
        "With --apply: waiting again {again}, unknown {unknown}, ended before {ended}. In living hands: {alive}.",
        "加上 --apply 后：重新等待 {again} 个，结果未知 {unknown} 个，此前已结束 {ended} 个；仍有进程在处理 {alive} 个。",
    ),
    "fleet_restored": Translation(
        "The database is accepted; tasks that became unknown: {count}.",
        "已接受该数据库；转为结果未知的任务：{count} 个。",
    ),
    "fleet_workers": Translation("Workers alive: {count}.", "在线工作进程：{count} 个。"),
    "check_database": Translation("fleet's database", "集群数据库"),
    "check_store": Translation("fleet's store", "集群图片位置"),
    "check_account": Translation("fleet's account", "集群账户"),
    "check_worker_clock": Translation("worker's clock", "工作进程时钟"),
    "fleet_database_ok": Translation("{path}, PostgreSQL {version}", "{path}，PostgreSQL 版本 {version}"),
    "fleet_tasks_found": Translation(
        "{tasks} task(s): {waiting} waiting, {unknown} unknown",
        "共 {tasks} 个任务：等待 {waiting} 个，结果未知 {unknown} 个",
    ),
    "fleet_store_ok": Translation(
        "{place} is the fleet's, and can be read and written", "{place} 是本集群的图片位置，可读写"
    ),
    "fleet_store_new": Translation(
        "{place} can be read and written; the first submit or worker makes it the fleet's",
        "{place} 可读写；首次提交任务或启动工作进程后即成为本集群的图片位置",
    ),
    "fleet_account_ok": Translation(
        "{waiting} task(s) wait for the account of {provider}", "{provider} 的账户有 {waiting} 个任务等待"
    ),
    "fleet_account_others": Translation(
        "{waiting} task(s) wait for other accounts, which this machine cannot carry out",
        "另有 {waiting} 个任务属于其他账户，本机无法处理",
    ),
    "fleet_clock_ok": Translation(
        "at most {seconds} s from the database's", "与数据库时钟相差不超过 {seconds} 秒"
    ),
    "fleet_clock_off": Translation(
        "{seconds} s from the database's: times in documents will be wrong; money does not depend on it",
        "与数据库时钟相差 {seconds} 秒：文件中的时间会不准，但不影响扣费",
    ),
    "queue_is_unknown": Translation("outcome unknown, possibly charged", "结果未知，可能已扣费"),
}
