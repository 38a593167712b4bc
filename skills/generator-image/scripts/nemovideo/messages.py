"""The messages of generator-image, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

INPUT = {
    "option_has_no_meaning": Translation(
        "{flag} applies only to paid messages; {command} costs nothing.",
        "{flag} 只适用于付费消息；{command} 不消耗积分，用不到它。",
    ),
    "option_has_no_meaning.hint": Translation("Remove {flag}.", "请去掉 {flag}。"),
    "message_twice": Translation(
        "Give the message only once: as TEXT, with --prompt or with --prompt-file.",
        "消息只能给一次：TEXT、--prompt、--prompt-file 请任选一种。",
    ),
    "needs_export": Translation("{flag} requires --export.", "{flag} 只能与 --export 一起使用。"),
    "needs_export.hint": Translation("Add --export, or remove {flag}.", "请加上 --export，或去掉 {flag}。"),
    "quality_invalid": Translation(
        "{flag} must be a single word such as high (got {got}).",
        "{flag} 的值 {got} 无效，应为一个单词，例如 high。",
    ),
    "language_invalid": Translation(
        "{flag} must be a language code such as en, zh or pt-BR (got {got}).",
        "{flag} 的值 {got} 无效，应为 en、zh、pt-BR 这样的语言代码。",
    ),
    "attachment_refused": Translation(
        "{flag} must be an image, video or audio file; {got} was rejected: {reason}.",
        "{flag} 应为图片、视频或音频；{got} 不可用：{reason}。",
    ),
    "attachment_type": Translation(
        "{flag}: the content of {got} is not one of these formats: {expected}.",
        "{flag}：{got} 的内容不属于以下任何一种格式：{expected}。",
    ),
    "attachment_type.hint": Translation(
        "Convert the file to one of them; renaming it is not enough.", "请转换成其中一种格式；只改扩展名没有用。"
    ),
    "attachment_too_large": Translation(
        "{flag}: {got} is {megabytes} MB; the limit is {most} MB.",
        "{flag}：{got} 的大小为 {megabytes} MB，上限为 {most} MB。",
    ),
    "attachment_too_large.hint": Translation("Compress or shorten it.", "请压缩或剪短后再试。"),
    "attachments_count": Translation(
        "{flag} can be used at most {most} times (got {got}).", "{flag} 最多使用 {most} 次，实际使用了 {got} 次。"
    ),
    "draft_unusable": Translation(
        "{flag} must be a draft file written by state --draft-file; {got} was rejected: {reason}.",
        "{flag} 应为 state --draft-file 写出的草稿文件；{got} 不可用：{reason}。",
    ),
    "draft_file_taken": Translation(
        "{flag}: {got} already exists and is not an earlier draft, so it is not replaced. Choose another name or remove the file.",
        "{flag}：{got} 已存在，且不是之前的草稿文件，因此不会覆盖。请换一个文件名，或先删除该文件。",
    ),
    "no_draft": Translation("it does not contain a JSON object", "内容不是 JSON 对象"),
    "session_missing": Translation("No session is stored on this machine.", "本机没有保存任何会话。"),
    "session_missing.hint": Translation(
        "Start with generate, or pass a session ID with {flag}.", "请先用 generate 开始，或用 {flag} 指定会话 ID。"
    ),
}

SERVICE = {
    "token_refused": Translation(
        "NemoVideo does not accept the token in NEMO_TOKEN ({words}).",
        "NemoVideo 不接受 NEMO_TOKEN 中的令牌（{words}）。",
    ),
    "token_refused.hint": Translation(
        "It is wrong or expired. Put a new one into NEMO_TOKEN; it is never replaced automatically. Unset it to use a free anonymous token.",
        "该令牌有误或已过期。请在 NEMO_TOKEN 中放入新的令牌，程序不会自动更换；取消该变量则使用免费的匿名令牌。",
    ),
    "token_refused_anonymous": Translation(
        "NemoVideo does not accept the anonymous token, which has already been renewed once.",
        "NemoVideo 不接受匿名令牌，而且该令牌已经更换过一次。",
    ),
    "token_refused_anonymous.hint": Translation(
        "Renewing it again would not help. Register at nemovideo.com and put your token into NEMO_TOKEN, or try again in a few days.",
        "再次更换也没有用。请在 nemovideo.com 注册并把令牌放入 NEMO_TOKEN，或过几天再试。",
    ),
    "session_gone": Translation(
        "NemoVideo no longer knows this session; its draft is lost.",
        "NemoVideo 已查不到这个会话，其中的草稿也已丢失。",
    ),
    "session_gone.hint": Translation(
        "Nothing was charged. Start again with generate, which opens a new session.",
        "本次未扣积分。请用 generate 重新开始，它会新建一个会话。",
    ),
    "credits_gone": Translation("The account has no credits left: {words}.", "账户积分已用完：{words}。"),
    "credits_gone.hint": Translation(
        "Top up at nemovideo.com, then run the same command again. Nothing was charged.",
        "请到 nemovideo.com 充值，然后重新运行同一条命令。本次未扣积分。",
    ),
    "credits_gone_anonymous": Translation("The free credits are used up: {words}.", "免费积分已用完：{words}。"),
    "credits_gone_anonymous.hint": Translation(
        "Register with the link in error.help_url; what was made so far is kept. Nothing was charged, and no other anonymous token is requested.",
        "请用 error.help_url 中的链接注册，已有的作品会保留。本次未扣积分，也不会再申请匿名令牌。",
    ),
    "file_type_refused": Translation(
        "NemoVideo does not accept this type of file: {words}.", "NemoVideo 不接受此类文件：{words}。"
    ),
    "file_type_refused.hint": Translation(
        "Supported: mp4, mov, avi, webm, mkv, jpg, png, gif, webp, mp3, wav, m4a and aac.",
        "支持的格式：mp4、mov、avi、webm、mkv、jpg、png、gif、webp、mp3、wav、m4a、aac。",
    ),
    "file_size_refused": Translation(
        "NemoVideo considers the file too large: {words}.", "NemoVideo 认为文件过大：{words}。"
    ),
    "file_size_refused.hint": Translation(
        "Compress or shorten it; the limit is 200 MB.", "请压缩或剪短，上限为 200 MB。"
    ),
    "plan_without_export": Translation(
        "The account's plan does not include this export: {words}.", "账户的套餐不包含此项导出：{words}。"
    ),
    "plan_without_export.hint": Translation(
        "This depends on the plan, not on credits: see nemovideo.com. Images can still be saved with export --format png.",
        "这取决于套餐，与积分无关，请见 nemovideo.com。图片仍可用 export --format png 保存。",
    ),
    "not_allowed": Translation(
        "NemoVideo does not allow this request ({answered}): {words}.",
        "NemoVideo 不允许此请求（{answered}）：{words}。",
    ),
    "not_allowed.hint": Translation(
        "The token itself may be valid (an invalid one gives 401 or code 1001). Check whether the account is suspended, and whether the content or the region is restricted; nothing was charged.",
        "令牌本身可能没有问题（令牌有误时会是 401 或代码 1001）。请检查账户是否被停用、内容或地区是否受限；本次未扣积分。",
    ),
    "not_available_here": Translation(
        "NemoVideo may not be available here, for legal reasons ({answered}): {words}.",
        "因法律原因，NemoVideo 可能在此地区不可用（{answered}）：{words}。",
    ),
    "not_available_here.hint": Translation(
        "The token and the message are not the problem; nothing was charged.",
        "令牌和消息都没有问题；本次未扣积分。",
    ),
    "firewall_page": Translation(
        "A web page answered instead of NemoVideo (HTTP {status}): a web firewall or gateway blocked the request.",
        "收到的是网页，而不是 NemoVideo 的响应（HTTP {status}）：请求被防火墙或网关拦截。",
    ),
    "firewall_page.hint": Translation(
        "The token was not checked, and nothing was charged. Try another network or proxy, or run the same command again later.",
        "令牌尚未得到验证，本次未扣积分。请更换网络或代理，或稍后重新运行同一条命令。",
    ),
    "refused_by_code": Translation(
        "NemoVideo refused the request ({answered}): {words}.", "NemoVideo 拒绝了请求（{answered}）：{words}。"
    ),
    "refused_by_code.hint": Translation("Change the request; nothing was charged.", "请修改请求；本次未扣积分。"),
    "message_undecided": Translation(
        "It cannot be determined whether NemoVideo accepted the message of {since} (task {local_id}): its session has not changed.",
        "无法确定 NemoVideo 是否接受了 {since} 发出的消息（任务 {local_id}）：会话内容与之前相同。",
    ),
    "message_undecided.hint": Translation(
        "It may have been charged and is not sent again. The next command checks the session once more, at no cost; `generator_image.py credits` shows whether credits are missing. Only if the user agrees to a possible second charge, run the original command with --new.",
        "可能已扣积分，不会重发。下面的命令再查看一次会话，不花积分；`generator_image.py credits` 可查看积分是否减少。只有在用户同意可能再次扣费时，才给原命令加上 --new 再运行。",
    ),
    "agent_trouble": Translation(
        "NemoVideo's agent could not finish: {reason}.", "NemoVideo 的智能体未能完成：{reason}。"
    ),
    "agent_trouble.hint": Translation(
        "It may have been charged. Change the request, or ask the user before paying for the same request again (--new).",
        "可能已扣积分。请修改要求；如需为同一要求再次付费（--new），请先征得用户同意。",
    ),
    "wish_not_exported": Translation(
        "The message was answered, but nothing that it requested was made in session {session}, so nothing was "
        "exported.",
        "消息已有答复，但会话 {session} 中没有生成所要求的内容，因此没有导出。",
    ),
    "wish_not_exported.hint": Translation(
        "Check the answer's text and state, then ask the user how to continue. export --session {session} renders "
        "the timeline as it is, at no cost.",
        "请查看答复文字和 state，并询问用户如何继续。export --session {session} 可按现状导出，不花积分。",
    ),
    "nothing_to_export": Translation(
        "Session {session} has nothing to export in this format.", "会话 {session} 中没有可按此格式导出的内容。"
    ),
    "nothing_to_export.hint": Translation(
        "state shows what it contains; save images with export --format png.",
        "可用 state 查看已有内容；图片请用 export --format png 保存。",
    ),
    "render_failed": Translation("Render {render} failed: {reason}.", "渲染 {render} 失败：{reason}。"),
    "render_failed.hint": Translation(
        "Exports are free: export again, or check with state.", "导出不花积分；可再次导出，或用 state 查看。"
    ),
    "render_cancelled": Translation("Render {render} was cancelled.", "渲染 {render} 已被取消。"),
    "clip_unusable": Translation("A link did not return a video or audio file.", "链接返回的不是视频或音频。"),
    "clip_unusable.hint": Translation(
        "The next command downloads it again; it costs nothing.", "下面的命令会重新下载，不花积分。"
    ),
}

TALK = {
    "connecting": Translation("Connecting…", "正在连接…"),
    "ready": Translation("Ready.", "已就绪。"),
    "platform_ignored": Translation(
        "SKILL_SOURCE is not one of {expected} and was ignored.", "SKILL_SOURCE 不是 {expected} 之一，已忽略。"
    ),
    "limited_waiting": Translation(
        "Rate limited by NemoVideo; retrying once in {seconds} s.", "NemoVideo 正在限流，{seconds} 秒后重试一次。"
    ),
    "message_summary": Translation(
        "generator-image: one message with {attachments} attachment(s); cost: {cost}.",
        "generator-image：一条消息，附件 {attachments} 个，费用：{cost}。",
    ),
    "message_accepted": Translation(
        "The agent is working: session {session} (local ID: {local_id}).",
        "智能体已开始处理：会话 {session}（本地任务编号：{local_id}）。",
    ),
    "agent_works": Translation(
        "⏳ Still working… ({minutes} min so far)", "⏳ 仍在处理…（已进行 {minutes} 分钟）"
    ),
    "answer_lost_reading": Translation(
        "No answer came back. The message is not sent again; checking the session to see whether it was accepted.",
        "没有收到响应。消息不会重发，正在查看会话以确认是否已被受理。",
    ),
    "answer_redirected_reading": Translation(
        "NemoVideo answered with a redirect (HTTP {status}), which is not followed. The message is not sent again; checking the session for a minute to see whether it was accepted.",
        "NemoVideo 返回了重定向（HTTP {status}），不会跟随。消息不会重发，接下来一分钟会查看会话，以确认是否已被受理。",
    ),
    "still_reading": Translation(
        "⏳ Still checking the session for the outcome of the message… ({minutes} min so far)",
        "⏳ 仍在查看会话以确认消息的结果…（已进行 {minutes} 分钟）",
    ),
    "stream_broke_reading": Translation(
        "The answer was interrupted. The message is not sent again; checking the session until the outcome is clear.",
        "响应中断。消息不会重发，正在查看会话，直到结果明确。",
    ),
    "session_reopened": Translation(
        "The session was lost before anything was paid; using a new one.", "会话在付费之前已失效，改用新会话。"
    ),
    "uploading": Translation("Uploading {name} ({place}): {share}", "正在上传 {name}（{place}）：{share}"),
    "uploaded": Translation("Uploaded: {name} ({number}/{count})", "已上传：{name}（{number}/{count}）"),
    "uploads_done": Translation("Uploaded {count} file(s).", "已上传 {count} 个文件。"),
    "downloading": Translation("Downloading: {megabytes} MB ({share})", "正在下载：{megabytes} MB（{share}）"),
    "state_changed": Translation("the session has changed", "会话已有变化"),
    "state_as_before": Translation("the session is unchanged", "会话尚无变化"),
    "session_changed": Translation("The session has changed.", "会话内容已更新。"),
    "wish_missing": Translation("{kind}: requested, but none was {change}.", "{kind}：已要求，但没有{change}。"),
    "kind_audio": Translation("audio track", "音频轨道"),
    "kind_text": Translation("title track", "标题轨道"),
    "kind_video": Translation("video", "视频"),
    "kind_image": Translation("image", "图片"),
    "asked_added": Translation("added", "添加"),
    "asked_removed": Translation("removed", "删除"),
    "asked_changed": Translation("changed", "修改"),
    "session_newest": Translation("Session: {session} (the newest one).", "会话：{session}（最新的会话）。"),
    "session_named": Translation("Session: {session}.", "会话：{session}。"),
    "session_newest_changed": Translation(
        "Note: the newest session is now {now} instead of {before}; say, state and export use it by default; "
        "--session selects another one.",
        "注意：最新的会话现在是 {now}，此前是 {before}；say、state 和 export 默认使用它，可用 --session 指定其他会话。",
    ),
    "upload_carried": Translation(
        "The next say in session {session} includes them; generate opens another session without them.",
        "会话 {session} 中的下一条 say 会带上这些文件；generate 会另开一个不含它们的会话。",
    ),
    "upload_not_carried": Translation(
        "The service did not add them to session {session}, so the next message does not include them. Use "
        "generate --attach instead.",
        "服务没有把文件加入会话 {session}：下一条消息不会带上它们。请改用 generate --attach。",
    ),
    "uploads_elsewhere": Translation(
        "Note: {names} was uploaded to session {session}, so this message in a new session does not include it. "
        "Use say in that session, or generate --attach.",
        "注意：{names} 上传在会话 {session} 中，新会话里的这条消息不会带上它。请在该会话中用 say，或用 generate --attach。",
    ),
    "session_unchanged": Translation("The session is unchanged.", "会话内容没有变化。"),
    "clip_line": Translation("{path}  {media_type}  {kilobytes} kB", "{path}  {media_type}  {kilobytes} kB"),
    "render_begins": Translation("Export {render} started; it costs nothing.", "导出 {render} 已开始，不花积分。"),
    "render_goes_on": Translation(
        "Export {render} was already started; waiting for it.", "导出 {render} 之前已开始，继续等待。"
    ),
    "render_other_format": Translation(
        "{asked} was requested, but the file is {found}; it was saved unchanged.",
        "要求的是 {asked}，文件实际为 {found}，已按原样保存。",
    ),
    "render_again": Translation(
        "The render failed ({reason}); retrying once.", "渲染失败（{reason}），重试一次。"
    ),
    "render_is_cancelled": Translation("Cancelled: {render}", "已取消：{render}"),
    "still_other_format": Translation(
        "{asked} was requested, but the images are {found}; they were saved unchanged.",
        "要求的是 {asked}，图片实际为 {found}，已按原样保存。",
    ),
    "credits_line": Translation(
        "Credits: {available} available, {frozen} frozen, {total} in total.",
        "积分：可用 {available}，冻结 {frozen}，总计 {total}。",
    ),
    "clips_over_limit": Translation(
        "The session lists {count} videos and audio files, more than can be saved from one message; the first {saved} were saved.",
        "会话中有 {count} 个视频或音频，超过单条消息的上限；已保存前 {saved} 个。",
    ),
    "media_over_limit": Translation(
        "The session has more files than can be listed here; only the newest {most} of each kind are listed.",
        "会话中的文件过多，这里每类只列出最新的 {most} 个。",
    ),
    "state_counts": Translation(
        "Generated: {made}; uploaded: {uploads}.", "已生成 {made} 个，已上传 {uploads} 个。"
    ),
    "session_line": Translation(
        "{session}  {last}  {messages} message(s), {uploads} upload(s)",
        "{session}  {last}  消息 {messages} 条，上传 {uploads} 个",
    ),
    "sessions_none": Translation("No sessions are stored.", "没有保存的会话。"),
    "routed_line": Translation("{action}: {meaning}", "{action}：{meaning}"),
    "route_export": Translation("save the result as a file; free", "把结果保存为文件，不花积分"),
    "route_credits": Translation("show the credits; free", "查看积分，不花积分"),
    "route_state": Translation("show the timeline; free", "查看时间线，不花积分"),
    "route_upload": Translation("add files to the session; free", "把文件放进会话，不花积分"),
    "route_say": Translation(
        "send a further message in the session; costs credits", "在该会话中再发一条消息，消耗积分"
    ),
    "route_unknown": Translation(
        "unclear: use say or generate if it is a creative request (costs credits), otherwise ask the user",
        "从这句话无法判断：如果是创作要求，用 say 或 generate（消耗积分）；否则请询问用户",
    ),
    "route_message": Translation("send a message to the agent; costs credits", "发给智能体的消息，消耗积分"),
    "token_empty": Translation(
        "{name} is set but empty, which counts as unset: a free anonymous account is used instead of your own.",
        "{name} 已设置但内容为空，视为未设置：本次使用免费的匿名账户，而不是您自己的账户。",
    ),
    "token_unresolved": Translation(
        "{name} contains an unresolved variable name, which counts as unset: a free anonymous account is used instead of your own.",
        "{name} 的内容是未解析的变量名，视为未设置：本次使用免费的匿名账户，而不是您自己的账户。",
    ),
    "token_empty_doctor": Translation(
        "none: NEMO_TOKEN is set but empty; a free anonymous token is requested on first use",
        "没有：NEMO_TOKEN 已设置但内容为空；首次使用时会申请免费的匿名令牌",
    ),
    "token_unresolved_doctor": Translation(
        "none: NEMO_TOKEN contains an unresolved variable name; a free anonymous token is requested on first use",
        "没有：NEMO_TOKEN 的内容是未解析的变量名；首次使用时会申请免费的匿名令牌",
    ),
    "token_comes_by_itself": Translation(
        "none; a free anonymous token is requested on first use", "没有；首次使用时会申请免费的匿名令牌"
    ),
}

TIMELINE = {
    "timeline_head": Translation("Timeline ({count} tracks):", "时间线（{count} 条轨道）："),
    "timeline_head_one": Translation("Timeline (1 track):", "时间线（1 条轨道）："),
    "timeline_empty": Translation("The timeline is empty.", "时间线为空。"),
    "track_video": Translation("Video", "视频"),
    "track_audio": Translation("BGM", "背景音乐"),
    "track_text": Translation("Title", "标题"),
    "other_track": Translation("Track of type {kind}", "{kind} 型轨道"),
    "track_empty": Translation("empty", "空"),
}

EDITOR = {
    "gui_export": Translation("I can export it for you; exports are free.", "我可以直接为您导出，导出不花积分。"),
    "gui_upload": Translation("Send me the file and I will upload it.", "把文件发给我，我来上传。"),
    "gui_edit": Translation("Tell me what to change and I will pass it on.", "想怎么改请直接告诉我，我来转达。"),
    "gui_state": Translation("I can show you the timeline.", "我可以把时间线列给您看。"),
}

MESSAGES: dict[str, Translation] = {**INPUT, **SERVICE, **TALK, **TIMELINE, **EDITOR}
