"""The messages of image2, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

MESSAGES = {
    "key_missing": Translation(
        "No x-api-key for kexiangai.com was found.{why}", "没有找到 kexiangai.com 的 x-api-key。{why}"
    ),
    "key_missing.hint": Translation(
        "Get one at kexiangai.com. Preferred place: skills.entries.image2.apiKey in {config}; otherwise the environment "
        "variable X_API_KEY, or a private file: run bash {scripts}/set_key.sh, then add --use-local-key. Set it there "
        "yourself, never in a chat.",
        "请到 kexiangai.com 获取。首选位置：{config} 中的 skills.entries.image2.apiKey；其次是环境变量 X_API_KEY，"
        "或私有文件：运行 bash {scripts}/set_key.sh，再加上 --use-local-key。请自行填写，切勿发到聊天里。",
    ),
    "key_refused": Translation(
        "kexiangai.com does not accept the key (HTTP {status}): {words}.",
        "kexiangai.com 不接受该密钥（HTTP {status}）：{words}。",
    ),
    "key_refused.hint": Translation(
        "The key is invalid or expired: create a new one at kexiangai.com.",
        "密钥无效或已过期：请到 kexiangai.com 重新获取。",
    ),
    "answer_kept": Translation(
        "The service reported task {task_id} as done, but its answer contains no image link; the answer was saved to {path}.",
        "服务显示任务 {task_id} 已完成，但响应中没有图片链接；完整响应已保存到 {path}。",
    ),
    "answer_kept.hint": Translation(
        "The task was paid for. Check that file; the next command asks again at no cost.",
        "该任务已付费。请查看上述文件；下面的命令会再次查询，不会扣费。",
    ),
    "key_prompt": Translation("x-api-key (not echoed): ", "x-api-key（输入时不显示）："),
    "key_needs_terminal": Translation(
        "There is no terminal to type the key into.", "当前没有终端，无法输入密钥。"
    ),
    "key_needs_terminal.hint": Translation(
        "Pipe the key into the command and add {flag}.", "请通过管道传入密钥，并加上 {flag}。"
    ),
    "key_saved": Translation(
        "Saved {key} to {path}, readable only by you; use it with --use-local-key.",
        "已把 {key} 保存到 {path}（仅您可读）；使用时请加上 --use-local-key。",
    ),
    "url_without_img2img": Translation(
        "{flag} requires --mode img2img; text2img takes no reference images.",
        "{flag} 只能与 --mode img2img 一起使用，text2img 不接受参考图。",
    ),
    "urls_count": Translation(
        "--mode img2img needs 1 to {most} reference images ({flag}); got {got}.",
        "--mode img2img 需要 1 到 {most} 张参考图（{flag}），实际为 {got} 张。",
    ),
    "request_unconfirmed": Translation(
        "Note: this model or option is known only from a public client of the service; the service may refuse it.",
        "注意：该模型或参数仅见于该服务的一个公开客户端，未经证实，服务可能会拒绝。",
    ),
    "model_name_invalid": Translation(
        "{flag} must be a name of at most {most} characters (got {got}).",
        "{flag} 的值 {got} 无效，应为不超过 {most} 个字符的名称。",
    ),
    "create_summary": Translation(
        "image2: {mode}, size {size}, model {model}, {references} reference image(s), key {key} from {source}; cost: {cost}.",
        "image2：{mode}，比例 {size}，模型 {model}，参考图 {references} 张，密钥 {key}（来自 {source}），费用：{cost}。",
    ),
}
for _code in ("outcome_unknown_before", "answer_lost", "answer_unclear", "answer_is_page", "answer_without_id"):
    MESSAGES[f"{_code}.hint"] = Translation(
        "Sign in at kexiangai.com and check the account's task list and credit history for this prompt at that time. If the task is there: query_task.py ID saves its image at no cost. If it is not, the user decides whether to pay again.",
        "请登录 kexiangai.com，在账户的任务列表和积分记录中查找该时间、该提示词的任务。若有：用 query_task.py 任务 ID 取回图片，不会扣费。若没有：由用户决定是否再次付费。",
    )
