"""The messages of ai-nano-banana-ima, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

BEFORE = {
    "key_missing": Translation("No IMA Studio key was found.{why}", "没有找到 IMA Studio 的密钥。{why}"),
    "key_missing.hint": Translation(
        "Create one at https://www.imaclaw.ai/imaclaw/apikey. Preferred place: skills.entries.ai-nano-banana-ima.apiKey in "
        "{config}; otherwise the environment variable IMA_API_KEY. Set it there yourself, never in a chat.",
        "请到 https://www.imaclaw.ai/imaclaw/apikey 创建。首选位置：{config} 中的 "
        "skills.entries.ai-nano-banana-ima.apiKey；其次是环境变量 IMA_API_KEY。请自行填写，切勿发到聊天里。",
    ),
    "key_missing.advice": Translation(
        "Create a key at https://www.imaclaw.ai/imaclaw/apikey and enter it in OpenClaw's settings, not in the chat.",
        "请到 https://www.imaclaw.ai/imaclaw/apikey 创建密钥，并在 OpenClaw 设置中填写，不要发到聊天里。",
    ),
    "key_in_argv": Translation(
        "--api-key is visible to other users of this machine; use the variable IMA_API_KEY instead. If the key was "
        "pasted into a chat, revoke it and create a new one at https://www.imaclaw.ai/imaclaw/apikey.",
        "本机其他用户可能看到命令行中的 --api-key，请改用环境变量 IMA_API_KEY。如果密钥曾粘贴到聊天里，"
        "请在 https://www.imaclaw.ai/imaclaw/apikey 作废它并重新创建。",
    ),
    "key_form": Translation(
        "The key from {source} does not start with ima_; check that it is an IMA Studio key.",
        "来自 {source} 的密钥不以 ima_ 开头，请确认它是 IMA Studio 的密钥。",
    ),
    "key_swallowed": Translation(
        "{flag} has no value: the option {got} was taken as the key.", "{flag} 缺少取值：选项 {got} 被当成了密钥。"
    ),
    "language_invalid": Translation(
        "{flag} must be zh or en, also with a region, such as zh-CN (got {got}).",
        "{flag} 的值 {got} 无效，应为 zh 或 en（可带地区，如 zh-CN）。",
    ),
    "user_id_invalid": Translation(
        "{flag} must be a user ID: at most 128 letters, digits and _ . : @ + = - (got {got}).",
        "{flag} 的值 {got} 无效，应为用户 ID：最多 128 个字母、数字或 _ . : @ + = - 字符。",
    ),
    "user_id_needed": Translation(
        "{flag} is required: it says whose remembered model to forget.",
        "缺少 {flag}：请指定要清除哪位用户的偏好。",
    ),
    "version_id_invalid": Translation(
        "{flag} must be a version ID from --list-models (got {got}).",
        "{flag} 的值 {got} 无效，应为 --list-models 列出的版本 ID。",
    ),
    "extra_params_no_json": Translation(
        '{flag} must be one JSON object of plain values, such as {{"aspect_ratio":"16:9"}} (got {got}).',
        '{flag} 的值 {got} 无效，应为一个 JSON 对象，其中的值为文字、数字或布尔值，例如 {{"aspect_ratio":"16:9"}}。',
    ),
    "extra_params_size": Translation(
        "{flag} cannot set the size; use --size.", "{flag} 不能设置尺寸，请用 --size。"
    ),
    "extra_params_reserved": Translation(
        "{flag} cannot set {name}; the skill sets it itself.", "{flag} 不能设置 {name}，该字段由技能自动设置。"
    ),
    "extra_params_unknown": Translation(
        "{flag}: the model has no parameter {name}; available: {known}.",
        "{flag}：该模型没有参数 {name}，可用的有：{known}。",
    ),
    "input_http": Translation(
        "{flag}: {got} is not encrypted (http). Use an https:// URL or a local file.",
        "{flag}：{got} 未加密（http）。请改用 https:// 网址或本地文件。",
    ),
    "input_without_image_to_image": Translation(
        "{flag} requires --task-type image_to_image; text_to_image takes no input images.",
        "{flag} 只能与 --task-type image_to_image 一起使用，text_to_image 不接受图片。",
    ),
    "inputs_count": Translation(
        "--task-type image_to_image needs 1 to {most} images ({flag}); got {got}.",
        "--task-type image_to_image 需要 1 到 {most} 张图片（{flag}），实际为 {got} 张。",
    ),
    "model_not_offered": Translation("IMA does not currently offer {model}.", "IMA 目前不提供 {model}。"),
    "model_not_offered.hint": Translation(
        "See --list-models for the available models. Nothing was charged.",
        "用 --list-models 查看可用模型。本次未扣费。",
    ),
    "model_not_offered.advice": Translation("Use the other model.", "请换用另一款模型。"),
    "version_not_offered": Translation(
        "{flag}: there is no version {got}; available: {known}.", "{flag}：没有版本 {got}，可用的有：{known}。"
    ),
    "value_not_offered": Translation(
        "{flag}: {model} does not support {got}; available (points each): {offered}.",
        "{flag}：{model} 不支持 {got}；可选值（括号内为每张积分）：{offered}。",
    ),
    "combination_not_offered": Translation(
        "{model} does not support this combination: {got}.", "{model} 不支持这样的参数组合：{got}。"
    ),
    "ui_value_invalid": Translation(
        "{flag}: {got} is not available; choose one of: {valid}.", "{flag}：{got} 不可用，可选值：{valid}。"
    ),
    "no_rule": Translation(
        "IMA has no price for {model} with these parameters.", "IMA 没有给出 {model} 在这些参数下的价格。"
    ),
    "no_rule.hint": Translation(
        "Set --size, or remove other parameters. Nothing was charged.",
        "请指定 --size，或去掉其他参数。本次未扣费。",
    ),
    "no_rule.advice": Translation("Choose a size, or remove other requirements.", "请指定尺寸，或去掉其他要求。"),
    "rule_unusable": Translation(
        "IMA's price for {model} with these parameters cannot be used at the moment (attribute ID 0).",
        "IMA 目前给出的 {model} 价格规则不可用（attribute_id 为 0）。",
    ),
    "rule_unusable.hint": Translation(
        "Use another size or model, or try again later. Nothing was charged.",
        "请换用其他尺寸或模型，或稍后再试。本次未扣费。",
    ),
}

REFUSALS = {
    "ima_key_refused": Translation("IMA does not accept the key: {words}.", "IMA 不接受该密钥：{words}。"),
    "ima_key_refused.hint": Translation("Create a new key at {link}.", "请到 {link} 重新创建密钥。"),
    "points_missing": Translation("The account does not have enough points: {words}.", "账户积分不足：{words}。"),
    "points_missing.hint": Translation("Top up at {link}. Nothing was charged.", "请到 {link} 充值。本次未扣费。"),
    "points_missing.advice": Translation("Top up at {link}.{cheaper}", "请到 {link} 充值。{cheaper}"),
    "cheaper_one": Translation(
        " Or I can make one image instead of {count}.", "也可以只生成 1 张，而不是 {count} 张。"
    ),
    "cheaper_size": Translation(" Or I can use a smaller size than {size}.", "也可以换用比 {size} 更小的尺寸。"),
    "cheaper_model": Translation(" Or I can use the default model.", "也可以换用默认模型。"),
    "tier_too_low": Translation(
        "The subscription does not include this: {words}.", "当前订阅等级不支持此操作：{words}。"
    ),
    "tier_too_low.hint": Translation(
        "Upgrade at {link}, or use the default model. Nothing was charged.",
        "请到 {link} 升级订阅，或使用默认模型。本次未扣费。",
    ),
    "too_complex": Translation(
        "IMA refused these parameters as too complex (code {code_}): {words}.",
        "IMA 认为参数过于复杂，未接受（代码 {code_}）：{words}。",
    ),
    "too_complex.hint": Translation(
        "There is no smaller size to fall back to; change the prompt or the model. Nothing was charged.",
        "没有更小的尺寸可用，请修改提示词或换模型。本次未扣费。",
    ),
    "too_complex_smaller": Translation(
        "IMA refused this size as too complex (code {code_}): {words}.",
        "IMA 认为该尺寸过于复杂，未接受（代码 {code_}）：{words}。",
    ),
    "too_complex_smaller.hint": Translation(
        "If the user agrees, the next command requests {size} ({points} points); --allow-downgrade reduces the size automatically. Nothing was charged.",
        "若用户同意，下面的命令会改用 {size}（{points} 积分）；--allow-downgrade 可自动降低尺寸。本次未扣费。",
    ),
    "too_complex_smaller.advice": Translation(
        "Shall I use {size} instead ({points} points)?", "改用 {size}（{points} 积分）如何？"
    ),
    "price_above_limit": Translation(
        "The price is {points} points, which is above the agreed limit of {limit}.",
        "当前价格为 {points} 积分，超过已同意的上限 {limit} 积分。",
    ),
    "price_above_limit.hint": Translation(
        "Nothing was charged. The next command agrees to pay up to {points} points: ask the user first.",
        "本次未扣费。下面的命令同意最多支付 {points} 积分，请先征得用户同意。",
    ),
    "price_above_limit.advice": Translation(
        "It now costs {points} points. Shall I continue?", "现在需要 {points} 积分，是否继续？"
    ),
    "price_changed": Translation(
        "IMA refused the price even after it was read again (code {code_}): {words}.",
        "重新读取价格后 IMA 仍不接受（代码 {code_}）：{words}。",
    ),
    "attribute_missing": Translation(
        "IMA found no price rule for these parameters (code {code_}): {words}.",
        "IMA 没有适用于这些参数的价格规则（代码 {code_}）：{words}。",
    ),
    "attribute_wrong": Translation(
        "IMA's price rule does not match these parameters (code {code_}): {words}.",
        "IMA 的价格规则与这些参数不符（代码 {code_}）：{words}。",
    ),
    "ima_refused": Translation(
        "IMA refused the request (code {code_}): {words}.", "IMA 拒绝了请求（代码 {code_}）：{words}。"
    ),
    "read_refused": Translation(
        "IMA refused the query (code {code_}): {words}.", "IMA 拒绝了查询（代码 {code_}）：{words}。"
    ),
    "read_refused.hint": Translation("Asking again costs nothing.", "再次查询不会扣费。"),
    "look_refused": Translation(
        "IMA returned no information about task {task_id} (code {code_}): {words}.",
        "IMA 没有返回任务 {task_id} 的信息（代码 {code_}）：{words}。",
    ),
    "look_refused.hint": Translation(
        "Check the ID, and that the key belongs to the account that created the task.",
        "请检查任务 ID，并确认密钥属于创建该任务的账户。",
    ),
    "upload_without_link": Translation("IMA returned no upload URL.", "IMA 没有返回上传地址。"),
    "pictures_missing": Translation(
        "Only {saved} of {count} images arrived; IMA returned no link for the rest.",
        "共 {count} 张图片，只取回 {saved} 张，其余没有链接。",
    ),
    "pictures_missing.hint": Translation(
        "The next command requests the rest; it costs nothing.", "下面的命令会再次获取其余图片，不会扣费。"
    ),
}
for _code in ("price_changed", "attribute_missing", "attribute_wrong", "ima_refused"):
    REFUSALS[f"{_code}.hint"] = Translation(
        "Try again with the defaults (no size, no ratio, one image), or with the other model. Nothing was charged.",
        "请改用默认参数（不指定尺寸和比例，只要一张）重试，或换用另一款模型。本次未扣费。",
    )

TALK = {
    "create_summary": Translation(
        "{model}: {count} image(s), size {size}, ratio {ratio}; {points} points in total, usually {duration}.",
        "{model}：{count} 张，尺寸 {size}，比例 {ratio}；共 {points} 积分，通常 {duration}。",
    ),
    "start_for_user": Translation(
        "🎨 Generating, please wait… Model: {model}; expected: {duration}; {points} points",
        "🎨 开始生成图片，请稍候… 模型：{model}；预计耗时：{duration}；消耗积分：{points}",
    ),
    "start_message": Translation(
        "🎨 Generating the image, please wait…\n• Model: {model}\n• Expected: {duration}\n• Points: {points}{notices}",
        "🎨 开始生成图片，请稍候…\n• 模型：{model}\n• 预计耗时：{duration}\n• 消耗积分：{points}{notices}",
    ),
    "success_message": Translation(
        "✅ The image is ready!\n• Model: {model}\n• Time: expected {expected}, took {actual}\n• Points: {points}{before}{notices}",
        "✅ 图片生成成功！\n• 模型：{model}\n• 耗时：预计 {expected}，实际 {actual}\n• 消耗积分：{points}{before}{notices}",
    ),
    "nothing_charged": Translation("\n• Cost: nothing was charged", "\n• 费用：本次未扣费"),
    "notice_bullet": Translation("\n• Note: {notice}", "\n• 注意：{notice}"),
    "file_public": Translation(
        "{names} will be uploaded to IMA and can then be opened by anyone who has its link.",
        "{names} 会上传到 IMA，之后任何知道链接的人都能打开。",
    ),
    "same_price": Translation(
        "{larger} costs the same as {size} with this model: {points} points.",
        "该模型的 {larger} 与 {size} 价格相同：{points} 积分。",
    ),
    "paid_before": Translation(" (paid earlier; nothing charged now)", "（之前已付，本次未扣）"),
    "original_link": Translation("🔗 Original: ", "🔗 原始链接："),
    "seconds_unknown": Translation("unknown", "未知"),
    "seconds_unmeasured": Translation("not measured", "未计时"),
    "failure_message": Translation(
        "❌ The image could not be generated\n• Reason: {reason}\n• Suggestion: {advice}{cost}\nShall I try again?",
        "❌ 图片生成失败\n• 原因：{reason}\n• 建议：{advice}{cost}\n需要我为您重试吗？",
    ),
    "unknown_message": Translation(
        "⚠️ It is unclear whether the image is being generated\n• Reason: {reason}\n• Before trying again: {advice}",
        "⚠️ 暂时无法确定图片是否在生成\n• 原因：{reason}\n• 重试之前：{advice}",
    ),
    "unfinished_message": Translation(
        "⚠️ The image has not arrived yet\n• Reason: {reason}\n• Suggestion: {advice}",
        "⚠️ 图片还没有取回\n• 原因：{reason}\n• 建议：{advice}",
    ),
    "partial_message": Translation(
        "⚠️ Only {saved} image(s) arrived\n• Reason: {reason}\n• Suggestion: {advice}",
        "⚠️ 只取回 {saved} 张图片\n• 原因：{reason}\n• 建议：{advice}",
    ),
    "advice_correct": Translation("Correct this, then try again.", "改正后即可重试。"),
    "advice_wait": Translation("Wait a moment, then try again.", "请稍等片刻再试。"),
    "advice_pay_again": Translation(
        "This may have been charged; trying again costs points again.", "可能已经扣费；再试一次会再次消耗积分。"
    ),
    "advice_look_first": Translation(
        "Check the account's history first: trying again may be charged a second time.",
        "请先查看账户记录：再试一次可能会重复扣费。",
    ),
    "advice_disk": Translation("Free up disk space, then try again.", "请清理磁盘空间后再试。"),
    "advice_fetch": Translation(
        "The missing images can be downloaded later at no further cost.", "缺少的图片可以稍后再下载，不会再扣费。"
    ),
    "fallback_advice": Translation(
        "Image generation encountered an issue, please retry or switch model.",
        "图片生成遇到问题，请稍后重试或换个模型试试。",
    ),
    "expected_seconds": Translation("Expected: about {duration}.", "预计约 {duration}。"),
    "notice_line": Translation("Note: {notice}", "注意：{notice}"),
    "size_8k": Translation(
        "8K is not available; the largest size, 4K, is used instead.", "不支持 8K，已改用最大尺寸 4K。"
    ),
    "downgraded": Translation(
        "IMA refused {asked} as too complex; requesting {size} instead.",
        "IMA 认为 {asked} 过于复杂，未接受；改用 {size}。",
    ),
    "corrected": Translation(
        "IMA refused the parameters (code {code_}, nothing charged); the product list was read again and the request was corrected.",
        "IMA 未接受参数（代码 {code_}，未扣费）；已重新读取产品列表并修正请求。",
    ),
    "price_now": Translation(
        "The price is now {points} points; it was {before}.", "价格由 {before} 积分变为 {points} 积分。"
    ),
    "remembered_model": Translation(
        "Using the model this user chose earlier: {model}, {points} points.",
        "使用该用户之前选择的模型：{model}，{points} 积分。",
    ),
    "remembered_dearer": Translation(
        "Using the model this user chose earlier: {model}, {points} points; the default, {default}, costs {default_points}.",
        "使用该用户之前选择的模型：{model}，需 {points} 积分；默认的 {default} 为 {default_points} 积分。",
    ),
    "preference_not_saved": Translation(
        "The chosen model could not be remembered ({reason}).", "未能记住所选模型（{reason}）。"
    ),
    "preference_forgotten": Translation(
        "Forgotten: the remembered models for {tasks}.", "已清除模型偏好：{tasks}。"
    ),
    "preference_none": Translation("No model is remembered for this user.", "没有保存过该用户的偏好。"),
    "list_head": Translation("{task}:", "{task}："),
    "list_product": Translation(
        "  {name}  {model}  version {version}{mark}", "  {name}  {model}  版本 {version}{mark}"
    ),
    "list_default": Translation("  (default)", "  （默认）"),
    "list_sizes": Translation("    points by size: {sizes}", "    各尺寸积分：{sizes}"),
    "list_ratios": Translation("    ratios: {ratios}", "    比例：{ratios}"),
    "list_virtual": Translation("    {name}: {values}", "    {name}：{values}"),
    "list_none": Translation("  neither of the two models is available now", "  两款模型目前都不可用"),
    "service_accepts_no_balance": Translation(
        "{service} is reachable and accepts the key. IMA has no API for the balance: see https://www.imaclaw.ai/imaclaw/subscription",
        "{service} 可以访问，密钥有效。IMA 没有查询余额的接口，请见 https://www.imaclaw.ai/imaclaw/subscription",
    ),
}

MESSAGES: dict[str, Translation] = {**BEFORE, **REFUSALS, **TALK}
for _code in ("outcome_unknown_before", "answer_lost", "answer_unclear", "answer_is_page", "answer_without_id"):
    MESSAGES[f"{_code}.hint"] = Translation(
        "Sign in at https://www.imaclaw.ai/imaclaw/subscription and check whether points were taken at that time, and whether the account's history shows a task. If it shows one: ima_image_create.py --resume ID saves its image at no cost. If it shows none, the user decides whether to pay again.",
        "请登录 https://www.imaclaw.ai/imaclaw/subscription，查看该时间是否扣了积分，以及账户记录中是否有这个任务。若有：用 ima_image_create.py --resume 任务 ID 取回图片，不会扣费。若没有：由用户决定是否再次付费。",
    )
