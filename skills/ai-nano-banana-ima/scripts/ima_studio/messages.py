"""The messages of ai-nano-banana-ima, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

BEFORE = {
    "key_missing": Translation("There is no key for IMA Studio.{why}", "没有找到 IMA Studio 的密钥。{why}"),
    "key_missing.hint": Translation(
        "Make one at https://www.imaclaw.ai/imaclaw/apikey and put it into IMA_API_KEY.",
        "请到 https://www.imaclaw.ai/imaclaw/apikey 创建，并放入环境变量 IMA_API_KEY。",
    ),
    "key_in_argv": Translation(
        "--api-key can be read by others on this machine; the variable IMA_API_KEY cannot.",
        "命令行中的 --api-key 可能被本机其他用户看到，建议改用环境变量 IMA_API_KEY。",
    ),
    "key_form": Translation(
        "The key from {source} does not begin with ima_; is it one of IMA Studio?",
        "来自 {source} 的密钥不是以 ima_ 开头，请确认它属于 IMA Studio。",
    ),
    "key_swallowed": Translation(
        "{flag} has no value: it took the option {got} for one.", "{flag} 缺少取值，误把选项 {got} 当成了密钥。"
    ),
    "language_invalid": Translation(
        "{flag} takes zh or en, such as zh-CN; it got {got}.", "{flag} 应为 zh 或 en（如 zh-CN），收到的是 {got}。"
    ),
    "user_id_invalid": Translation(
        "{flag} takes the user's id: letters, digits and _ . : @ + = - (at most 128); it got {got}.",
        "{flag} 应为用户 ID：字母、数字和 _ . : @ + = -（最多 128 个字符）；收到的是 {got}。",
    ),
    "user_id_needed": Translation(
        "{flag} says whose model to forget; it is missing.", "缺少 {flag}，不知道要清除谁的偏好。"
    ),
    "version_id_invalid": Translation(
        "{flag} takes a version id as --list-models shows it; it got {got}.",
        "{flag} 应为 --list-models 列出的版本 ID，收到的是 {got}。",
    ),
    "extra_params_no_json": Translation(
        '{flag} takes one JSON object of plain values, such as {{"aspect_ratio":"16:9"}}; it got {got}.',
        '{flag} 应为一个 JSON 对象，值为文字、数字或布尔值，例如 {{"aspect_ratio":"16:9"}}；收到的是 {got}。',
    ),
    "extra_params_size": Translation(
        "{flag} does not take the size; give it as --size.", "{flag} 不接受尺寸，请用 --size。"
    ),
    "extra_params_reserved": Translation(
        "{flag} does not take {name}; the skill sets that itself.", "{flag} 不接受 {name}，该字段由技能自行设置。"
    ),
    "extra_params_unknown": Translation(
        "{flag}: the model has no parameter {name}; it knows: {known}.",
        "{flag}：模型没有参数 {name}，可用的有：{known}。",
    ),
    "input_http": Translation(
        "{flag}: {got} is not encrypted (http). Give its https:// address, or a local file.",
        "{flag}：{got} 未加密（http）。请改用 https:// 地址，或提供本地文件。",
    ),
    "input_without_image_to_image": Translation(
        "{flag} goes with --task-type image_to_image; text_to_image takes no pictures.",
        "{flag} 只能与 --task-type image_to_image 一起使用，text_to_image 不接受图片。",
    ),
    "inputs_count": Translation(
        "--task-type image_to_image takes 1 to {most} pictures ({flag}); it got {got}.",
        "--task-type image_to_image 需要 1 到 {most} 张图片（{flag}），收到 {got} 张。",
    ),
    "model_not_offered": Translation("IMA does not offer {model} now.", "IMA 目前不提供 {model}。"),
    "model_not_offered.hint": Translation(
        "--list-models shows what it offers. Nothing was charged.", "用 --list-models 查看可用模型。本次未扣费。"
    ),
    "model_not_offered.advice": Translation("Take the other model.", "请换另一款模型。"),
    "version_not_offered": Translation(
        "{flag}: there is no version {got}; there is: {known}.", "{flag}：没有版本 {got}，现有：{known}。"
    ),
    "value_not_offered": Translation(
        "{flag}: {model} does not offer {got}; it offers (points each): {offered}.",
        "{flag}：{model} 不支持 {got}；支持（括号内为每张积分）：{offered}。",
    ),
    "combination_not_offered": Translation(
        "{model} does not offer this combination: {got}.", "{model} 不支持这样的参数组合：{got}。"
    ),
    "ui_value_invalid": Translation(
        "{flag}: there is no choice {got}; there is: {valid}.", "{flag}：没有选项 {got}，可选：{valid}。"
    ),
    "no_rule": Translation(
        "IMA names no price for {model} with these parameters.", "IMA 没有给出 {model} 在这些参数下的价格。"
    ),
    "no_rule.hint": Translation(
        "Name --size, or leave parameters out. Nothing was charged.", "请指定 --size，或去掉其他参数。本次未扣费。"
    ),
    "no_rule.advice": Translation(
        "Choose a size, or ask for less. Nothing was charged.", "请指定尺寸，或减少其他要求。本次未扣费。"
    ),
    "rule_unusable": Translation(
        "IMA's price for {model} with these parameters cannot be used now (attribute id 0).",
        "IMA 目前给出的 {model} 价格规则不可用（attribute_id 为 0）。",
    ),
    "rule_unusable.hint": Translation(
        "Take another size or model, or try later. Nothing was charged.",
        "请换尺寸或模型，或稍后再试。本次未扣费。",
    ),
}

REFUSALS = {
    "ima_key_refused": Translation("IMA does not accept the key: {words}.", "IMA 不接受该密钥：{words}。"),
    "ima_key_refused.hint": Translation("Make a new key at {link}.", "请到 {link} 重新创建密钥。"),
    "points_missing": Translation("The account has not enough points: {words}.", "账户积分不足：{words}。"),
    "points_missing.hint": Translation(
        "Top up at {link}, or take a cheaper size (--size 512 costs least). Nothing was charged.",
        "请到 {link} 充值，或换更便宜的尺寸（--size 512 最省）。本次未扣费。",
    ),
    "points_missing.advice": Translation(
        "Top up at {link}, or take a smaller size.", "请到 {link} 充值，或换更小的尺寸。"
    ),
    "tier_too_low": Translation(
        "The subscription does not include this: {words}.", "当前订阅等级不支持此操作：{words}。"
    ),
    "tier_too_low.hint": Translation(
        "Upgrade at {link}, or take the default model. Nothing was charged.",
        "请到 {link} 升级订阅，或使用默认模型。本次未扣费。",
    ),
    "too_complex": Translation(
        "IMA refuses these parameters as too complex (code {code_}): {words}.",
        "IMA 认为参数过于复杂，未接受（代码 {code_}）：{words}。",
    ),
    "too_complex.hint": Translation(
        "There is no smaller size to fall back to; change the prompt or the model. Nothing was charged.",
        "没有更小的尺寸可用，请修改提示词或换模型。本次未扣费。",
    ),
    "too_complex_smaller": Translation(
        "IMA refuses this size as too complex (code {code_}): {words}.",
        "IMA 认为该尺寸过于复杂，未接受（代码 {code_}）：{words}。",
    ),
    "too_complex_smaller.hint": Translation(
        "The next command asks for {size} ({points} points) if the user agrees; --allow-downgrade steps down by itself. Nothing was charged.",
        "若用户同意，下面的命令改用 {size}（{points} 积分）；--allow-downgrade 可自动降低尺寸。本次未扣费。",
    ),
    "too_complex_smaller.advice": Translation(
        "Shall it be {size} instead ({points} points)? Nothing was charged.",
        "改用 {size}（{points} 积分）如何？本次未扣费。",
    ),
    "price_above_limit": Translation(
        "IMA asks {points} points, which is more than the {limit} that were agreed to.",
        "IMA 要价 {points} 积分，超过已同意的 {limit} 积分。",
    ),
    "price_above_limit.hint": Translation(
        "Nothing was charged. The next command agrees to pay up to {points} points: ask the user first.",
        "本次未扣费。下面的命令同意最多支付 {points} 积分，请先征得用户同意。",
    ),
    "price_above_limit.advice": Translation(
        "It costs {points} points now. Shall I go on? Nothing was charged.",
        "现在需要 {points} 积分，是否继续？本次未扣费。",
    ),
    "price_changed": Translation(
        "IMA refuses the price, though it was read again (code {code_}): {words}.",
        "重新读取价格后 IMA 仍不接受（代码 {code_}）：{words}。",
    ),
    "attribute_missing": Translation(
        "IMA finds no rule for these parameters (code {code_}): {words}.",
        "IMA 没有匹配这些参数的规则（代码 {code_}）：{words}。",
    ),
    "attribute_wrong": Translation(
        "IMA's rule does not fit these parameters (code {code_}): {words}.",
        "IMA 的规则与参数不符（代码 {code_}）：{words}。",
    ),
    "ima_refused": Translation(
        "IMA refused the request (code {code_}): {words}.", "IMA 拒绝了请求（代码 {code_}）：{words}。"
    ),
    "read_refused": Translation(
        "IMA does not answer this (code {code_}): {words}.", "IMA 未予答复（代码 {code_}）：{words}。"
    ),
    "read_refused.hint": Translation("Asking again costs nothing.", "再次查询不会扣费。"),
    "look_refused": Translation(
        "IMA does not tell about task {task_id} (code {code_}): {words}.",
        "IMA 不提供任务 {task_id} 的信息（代码 {code_}）：{words}。",
    ),
    "look_refused.hint": Translation(
        "Check the id, and that the key belongs to the account that made it.",
        "请检查任务 ID，以及密钥是否属于创建它的账户。",
    ),
    "upload_without_link": Translation("IMA gave no place to upload to.", "IMA 没有给出上传地址。"),
    "pictures_missing": Translation(
        "{saved} of {count} pictures came; IMA gives no link to the rest.",
        "共 {count} 张图片，只拿到 {saved} 张，其余没有链接。",
    ),
    "pictures_missing.hint": Translation(
        "The next command asks for the rest; it costs nothing.", "下面的命令会再次索取其余图片，不会扣费。"
    ),
}
for _code in ("price_changed", "attribute_missing", "attribute_wrong", "ima_refused"):
    REFUSALS[f"{_code}.hint"] = Translation(
        "Try again with the defaults, or with a smaller size. Nothing was charged.",
        "请改用默认参数或更小的尺寸重试。本次未扣费。",
    )

TALK = {
    "create_summary": Translation(
        "{model}: {count} picture(s), size {size}, ratio {ratio}; {points} points in all, usually {least}-{most} s.",
        "{model}：{count} 张，尺寸 {size}，比例 {ratio}；共 {points} 积分，通常 {least}–{most} 秒。",
    ),
    "start_for_user": Translation(
        "🎨 Generating, please wait… Model: {model}; expected {least}~{most} s; {points} points",
        "🎨 开始生成图片，请稍候… 模型：{model}；预计耗时：{least}~{most} 秒；消耗积分：{points} pts",
    ),
    "start_message": Translation(
        "🎨 Generating the picture, please wait…\n• Model: {model}\n• Expected: {least}~{most} s\n• Points: {points} pts",
        "🎨 开始生成图片，请稍候…\n• 模型：{model}\n• 预计耗时：{least}~{most} 秒\n• 消耗积分：{points} pts",
    ),
    "success_message": Translation(
        "✅ The picture is ready!\n• Model: {model}\n• Time: expected {expected}, took {actual}\n• Points: {points} pts{before}",
        "✅ 图片生成成功！\n• 模型：{model}\n• 耗时：预计 {expected}，实际 {actual}\n• 消耗积分：{points} pts{before}",
    ),
    "paid_before": Translation(", paid before; nothing now", "（此前已付，本次未扣）"),
    "original_link": Translation("🔗 Original: ", "🔗 原始链接："),
    "seconds_range": Translation("{least}~{most} s", "{least}~{most}s"),
    "seconds_exact": Translation("{seconds} s", "{seconds}s"),
    "seconds_unknown": Translation("not measured", "未计时"),
    "failure_message": Translation(
        "❌ The picture could not be made\n• Reason: {reason}\n• Suggestion: {advice}\nShall I try again?",
        "❌ 图片生成失败\n• 原因：{reason}\n• 建议：{advice}\n需要我帮你重试吗？",
    ),
    "unknown_message": Translation(
        "⚠️ It is not known whether the picture is being made\n• Reason: {reason}\n• Before trying again: {advice}",
        "⚠️ 暂时无法确定图片是否在生成\n• 原因：{reason}\n• 重试之前：{advice}",
    ),
    "unfinished_message": Translation(
        "⚠️ The picture has not come yet\n• Reason: {reason}\n• Suggestion: {advice}",
        "⚠️ 图片还没有取回\n• 原因：{reason}\n• 建议：{advice}",
    ),
    "partial_message": Translation(
        "⚠️ Only {saved} picture(s) came\n• Reason: {reason}\n• Suggestion: {advice}",
        "⚠️ 只拿到 {saved} 张图片\n• 原因：{reason}\n• 建议：{advice}",
    ),
    "advice_correct": Translation("Correct this, and it can be tried again.", "改正后即可重试。"),
    "advice_wait": Translation("Wait a moment, then try again.", "请稍等片刻再试。"),
    "advice_pay_again": Translation(
        "This may have been charged; another try costs points again.", "可能已经扣费；再试一次会再次消耗积分。"
    ),
    "advice_look_first": Translation(
        "Look at the account's history first: another try may cost a second time.",
        "请先查看账户记录：再试一次可能会重复扣费。",
    ),
    "advice_disk": Translation("Make room on the disk, then try again.", "请清理磁盘空间后再试。"),
    "advice_fetch": Translation(
        "What is missing can be fetched later, at no further cost.", "缺少的图片可以稍后再取，不会再扣费。"
    ),
    "fallback_advice": Translation(
        "Image generation encountered an issue, please retry or switch model.",
        "图片生成遇到问题，请稍后重试或换个模型试试。",
    ),
    "expected_seconds": Translation("Expected: {least}-{most} s.", "预计 {least}–{most} 秒。"),
    "notice_line": Translation("Note: {notice}", "注意：{notice}"),
    "size_8k": Translation("8K is not offered; 4K, the largest size, is used.", "不支持 8K，已改用最大尺寸 4K。"),
    "downgraded": Translation(
        "IMA refused {asked} as too complex; {size} is asked for instead.", "IMA 未接受 {asked}，改用 {size}。"
    ),
    "corrected": Translation(
        "IMA refused the parameters (code {code_}, nothing charged); its product list was read again and the request corrected.",
        "IMA 未接受参数（代码 {code_}，未扣费）；已重新读取产品列表并修正请求。",
    ),
    "price_now": Translation(
        "The price is now {points} points instead of {before}.", "价格由 {before} 积分变为 {points} 积分。"
    ),
    "remembered_model": Translation(
        "Using the model that this user chose before: {model}, {points} points.",
        "使用该用户此前选择的模型：{model}，{points} 积分。",
    ),
    "remembered_dearer": Translation(
        "Using the model that this user chose before: {model}, {points} points; the default, {default}, costs {default_points}.",
        "使用该用户此前选择的模型：{model}，需 {points} 积分；默认的 {default} 为 {default_points} 积分。",
    ),
    "preference_not_saved": Translation(
        "The chosen model could not be remembered ({reason}).", "未能记住所选模型（{reason}）。"
    ),
    "preference_forgotten": Translation("Forgotten for: {tasks}.", "已清除偏好：{tasks}。"),
    "preference_none": Translation("Nothing was remembered for this user.", "没有保存过该用户的偏好。"),
    "list_head": Translation("{task}:", "{task}："),
    "list_product": Translation(
        "  {name}  {model}  version {version}{mark}", "  {name}  {model}  版本 {version}{mark}"
    ),
    "list_default": Translation("  (taken by default)", "（默认选用）"),
    "list_sizes": Translation("    points by size: {sizes}", "    各尺寸积分：{sizes}"),
    "list_ratios": Translation("    ratios: {ratios}", "    比例：{ratios}"),
    "list_virtual": Translation("    {name}: {values}", "    {name}：{values}"),
    "list_none": Translation("  none of the two models now", "  目前没有可用的两款模型"),
    "service_accepts_no_balance": Translation(
        "{service} answers and accepts the key. IMA offers no way to ask for the balance: see https://www.imaclaw.ai/imaclaw/subscription",
        "{service} 有答复，密钥有效。IMA 没有查询余额的接口，请见 https://www.imaclaw.ai/imaclaw/subscription",
    ),
}

MESSAGES: dict[str, Translation] = {**BEFORE, **REFUSALS, **TALK}
