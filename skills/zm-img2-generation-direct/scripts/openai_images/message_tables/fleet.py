"""The messages of a fleet: the queue in PostgreSQL, its workers and its store."""

from __future__ import annotations

from shared.i18n.messages import Translation

FLEET = {
    "database_missing": Translation(
        "Name the fleet's database with {flag} or IMAGE_QUEUE_DATABASE, such as postgresql://db.example/fleet.",
        "请用 {flag} 或 IMAGE_QUEUE_DATABASE 指明任务数据库，例如 postgresql://db.example/fleet。",
    ),
    "database_password": Translation(
        "{flag} contains a password, which other users of this machine could read; nothing was done.",
        "{flag} 中含有密码，本机其他用户可能看到；未执行任何操作。",
    ),
    "database_password.hint": Translation(
        "Remove it from the address. PostgreSQL reads it from the file that PGPASSFILE names (default: ~/.pgpass), or from a service file.",
        "请从地址中去掉密码。PostgreSQL 会从 PGPASSFILE 指定的文件（默认 ~/.pgpass）或服务文件中读取密码。",
    ),
    "database_invalid": Translation(
        "{flag} must be an address such as postgresql://db.example/fleet, or a setting such as service=fleet.",
        "{flag} 应为 postgresql://db.example/fleet 这样的地址，或 service=fleet 这样的设置。",
    ),
    "database_moved": Translation(
        "The database {path} was restored, promoted or copied after it was set up: its waiting tasks may already have been sent. Nothing is sent.",
        "数据库 {path} 在初始化之后经过恢复、主备切换或复制：其中等待的任务可能已经发送过，因此不再发送任何请求。",
    ),
    "database_moved.hint": Translation(
        "If no commit was lost (synchronous replication), run `image_queue.py reconcile --apply --after-restore trust`. Otherwise use distrust: every waiting task then has an unknown outcome.",
        "若没有丢失任何提交（同步复制），请运行 `image_queue.py reconcile --apply --after-restore trust`；否则用 `distrust`，所有等待中的任务会标为结果不明。",
    ),
    "fleet_packages_missing": Translation(
        "Python packages that a fleet needs are missing: {missing}. Install them once: {line}",
        "任务队列集群缺少这些 Python 包：{missing}。运行一次即可安装：{line}",
    ),
    "fleet_packages_missing.hint": Translation(
        "Then run the command with that environment's Python: {python}",
        "然后用该环境的 Python 运行命令：{python}",
    ),
    "store_missing": Translation(
        "Name the place where all workers save images with {flag} or IMAGE_QUEUE_STORE: a shared folder, or s3://BUCKET/PREFIX.",
        "请用 {flag} 或 IMAGE_QUEUE_STORE 指明所有工作进程共用的图片位置：共享文件夹，或 s3://BUCKET/PREFIX。",
    ),
    "store_invalid": Translation(
        "{flag} must be an existing folder, or s3://BUCKET/PREFIX (got {got}).",
        "{flag} 的值 {got} 无效，应为已有的文件夹，或 s3://BUCKET/PREFIX。",
    ),
    "store_not_shared": Translation(
        "The store {place} is not the fleet's store {first}: it is a different place, or not mounted here. Nothing is sent.",
        "{place} 不是本集群的图片位置（应为 {first}）：可能是另一个文件夹，或未挂载。未发送任何请求。",
    ),
    "store_failed": Translation(
        "The store {place} cannot be read or written: {reason}.", "无法读写图片位置 {place}：{reason}。"
    ),
    "store_failed.hint": Translation(
        "Paid answers remain in the worker's spool. Start the worker again when the store is available.",
        "已付费的结果保留在工作进程的暂存目录；图片位置恢复后请重新启动工作进程。",
    ),
    "spool_full": Translation(
        "{path} has {free} MB left. Nothing is sent with less than {least} MB, because there might be no space for an answer.",
        "{path} 只剩 {free} MB；少于 {least} MB 时不发送请求，以免结果无处保存。",
    ),
    "spool_full.hint": Translation(
        "Free up space, or choose another folder with --spool, then start the worker again.",
        "请清理磁盘空间，或用 --spool 换一个文件夹，再重新启动工作进程。",
    ),
    "task_altered": Translation(
        "The job of task {identifier} does not match the request in its entry; it was not sent.",
        "任务 {identifier} 的作业内容与任务记录不符，未发送。",
    ),
    "reference_gone": Translation(
        "The reference image {place} is no longer in the store; the task was not sent.",
        "图片位置中已没有参考图 {place}，任务未发送。",
    ),
    "start_at_invalid": Translation(
        "{flag} must be a time with a time zone, such as 2026-12-24T18:00:00+01:00 (got {got}).",
        "{flag} 的值 {got} 无效，应为带时区的时间，例如 2026-12-24T18:00:00+01:00。",
    ),
    "option_needs": Translation("{flag} requires {other}.", "{flag} 需要与 {other} 一起使用。"),
    "fleet_migrated": Translation("{path} is set up: {steps}.", "{path} 初始化完成：{steps}。"),
    "fleet_up_to_date": Translation("{path} is up to date.{steps}", "{path} 已是最新版本。{steps}"),
    "fleet_submits": Translation("Submitting {tasks} task(s) to {path}.", "正在将 {tasks} 个任务提交到 {path}。"),
    "fleet_submitted": Translation(
        "Planned: {planned}. Queued: {queued}. Already in the queue: {in_queue}. Done earlier: {reused}. Unknown: {unknown}. Failed earlier: {failed}. Rejected: {rejected}.",
        "计划 {planned} 个，新入队 {queued} 个，已在队列 {in_queue} 个，之前已生成 {reused} 个，结果不明 {unknown} 个，之前失败 {failed} 个，被拒收 {rejected} 个。",
    ),
    "submit_incomplete": Translation(
        "{count} of {total} tasks were not queued. The first one: {first}",
        "{total} 个任务中有 {count} 个未入队。第一个的原因：{first}",
    ),
    "submit_incomplete.hint": Translation(
        "Correct the file and submit it again: queued and finished tasks are not paid again. Tasks with an unknown outcome need --on-unknown retry.",
        "修正文件后再次提交即可：已入队或已生成的任务不会重复付费。结果不明的任务需要加上 --on-unknown retry。",
    ),
    "fleet_begins": Translation(
        "Worker {name} takes tasks from {path} and saves images to {store}.",
        "工作进程 {name} 从 {path} 领取任务，图片保存到 {store}。",
    ),
    "fleet_task": Translation("{local_id}: {status} {detail}", "{local_id}：{status} {detail}"),
    "fleet_database_away": Translation(
        "The database {path} cannot be reached ({reason}); waiting for it. Running requests continue.",
        "无法连接数据库 {path}（{reason}），正在等待；已发出的请求会继续完成。",
    ),
    "fleet_database_back": Translation("The database {path} is available again.", "数据库 {path} 已恢复。"),
    "fleet_ended": Translation(
        "Completed: {completed}. Unknown: {unknown}. Failed: {failed}.",
        "已完成 {completed} 个，结果不明 {unknown} 个，失败 {failed} 个。",
    ),
    "fleet_reconciled": Translation(
        "Waiting again: {again}. Unknown: {unknown}. Ended earlier: {ended}. Still running: {alive}.",
        "重新等待 {again} 个，结果不明 {unknown} 个，之前已结束 {ended} 个，仍有进程在处理 {alive} 个。",
    ),
    "fleet_would_reconcile": Translation(
        "With --apply: waiting again {again}, unknown {unknown}, ended earlier {ended}. Still running: {alive}.",
        "加上 --apply 后：重新等待 {again} 个，结果不明 {unknown} 个，之前已结束 {ended} 个；仍有进程在处理 {alive} 个。",
    ),
    "fleet_restored": Translation(
        "The database is accepted. Tasks whose outcome is now unknown: {count}.",
        "已接受该数据库；转为结果不明的任务：{count} 个。",
    ),
    "fleet_workers": Translation("Workers alive: {count}.", "在线工作进程：{count} 个。"),
    "check_database": Translation("fleet's database", "集群数据库"),
    "check_store": Translation("fleet's store", "集群图片位置"),
    "check_account": Translation("fleet's account", "集群账户"),
    "check_worker_clock": Translation("worker's clock", "工作进程时钟"),
    "fleet_database_ok": Translation("{path}, PostgreSQL {version}", "{path}，PostgreSQL 版本 {version}"),
    "fleet_tasks_found": Translation(
        "{tasks} task(s): {waiting} waiting, {unknown} unknown",
        "共 {tasks} 个任务：等待 {waiting} 个，结果不明 {unknown} 个",
    ),
    "fleet_store_ok": Translation(
        "{place} is the fleet's store, and is readable and writable", "{place} 是本集群的图片位置，可读写"
    ),
    "fleet_store_new": Translation(
        "{place} is readable and writable; the first submit or worker makes it the fleet's store",
        "{place} 可读写；首次提交任务或启动工作进程后即成为本集群的图片位置",
    ),
    "fleet_account_ok": Translation(
        "{waiting} task(s) wait for the account of {provider}", "{provider} 的账户有 {waiting} 个任务等待"
    ),
    "fleet_account_others": Translation(
        "{waiting} task(s) wait for other accounts; this machine cannot run them",
        "另有 {waiting} 个任务属于其他账户，本机无法处理",
    ),
    "fleet_clock_ok": Translation("within {seconds} s of the database's", "与数据库时钟相差不超过 {seconds} 秒"),
    "fleet_clock_off": Translation(
        "differs from the database's by {seconds} s: times in documents will be wrong, but charges do not depend on it",
        "与数据库时钟相差 {seconds} 秒：文件中的时间会不准，但不影响扣费",
    ),
    "queue_is_unknown": Translation("outcome unknown, possibly charged", "结果不明，可能已扣费"),
}
