"""The messages of image2, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

MESSAGES = {
    "key_missing": Translation(
        "There is no x-api-key for kexiangai.com.{why}", "没有找到 kexiangai.com 的 x-api-key。{why}"
    ),
    "key_missing.hint": Translation(
        "Get one at kexiangai.com and put it into X_API_KEY, or save it with scripts/set_key.sh and add --use-local-key.",
        "请到 kexiangai.com 获取，放入环境变量 X_API_KEY；或用 scripts/set_key.sh 保存，再加上 --use-local-key。",
    ),
    "key_refused": Translation(
        "kexiangai.com does not accept the key (HTTP {status}): {words}.",
        "kexiangai.com 不接受该密钥（HTTP {status}）：{words}。",
    ),
    "key_refused.hint": Translation(
        "The key is invalid or expired: make a new one at kexiangai.com.",
        "密钥无效或已过期：请到 kexiangai.com 重新获取。",
    ),
    "answer_kept": Translation(
        "The service says that task {task_id} is done, but its answer holds no image link; the answer is kept in {path}.",
        "服务称任务 {task_id} 已完成，但答复里没有图片链接；完整答复已保存到 {path}。",
    ),
    "answer_kept.hint": Translation(
        "The task was paid. Look into that file; the next command asks again at no cost.",
        "该任务已付费。请查看上述文件；下面的命令会再次查询，不会扣费。",
    ),
    "key_prompt": Translation("x-api-key (not shown): ", "x-api-key（不会显示）："),
    "key_needs_terminal": Translation("There is no terminal to type the key at.", "当前没有终端，无法输入密钥。"),
    "key_needs_terminal.hint": Translation(
        "Pipe the key in and add {flag}.", "请通过管道传入密钥，并加上 {flag}。"
    ),
    "key_saved": Translation(
        "Saved {key} in {path}, readable by you alone; use it with --use-local-key.",
        "已把 {key} 保存到 {path}（仅本人可读）；使用时加上 --use-local-key。",
    ),
    "url_without_img2img": Translation(
        "{flag} goes with --mode img2img only; text2img takes no reference pictures.",
        "{flag} 只能与 --mode img2img 一起使用，text2img 不接受参考图。",
    ),
    "urls_count": Translation(
        "--mode img2img takes 1 to {most} reference pictures ({flag}); it got {got}.",
        "--mode img2img 需要 1 到 {most} 张参考图（{flag}），收到 {got} 张。",
    ),
    "model_name_invalid": Translation(
        "{flag} takes a name of up to {most} characters; it got {got}.",
        "{flag} 应为不超过 {most} 个字符的名称，收到的是 {got}。",
    ),
    "create_summary": Translation(
        "image2: {mode}, size {size}, model {model}, {references} reference picture(s), key {key} from {source}; cost: {cost}.",
        "image2：{mode}，比例 {size}，模型 {model}，参考图 {references} 张，密钥 {key}（来自 {source}），费用：{cost}。",
    ),
}
