"""The sentences about what the provider answers, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

SERVICE = {
    "content_refused": Translation(
        "The provider's content rules refused the request ({rule}): {words}.",
        "请求未通过提供方的内容审核（{rule}）：{words}。",
    ),
    "content_refused.hint": Translation(
        "Change the prompt or the references; the same request will be refused again. Nothing was charged.",
        "请修改提示词或参考图；同样的请求仍会被拒绝。本次未扣费。",
    ),
    "model_refused": Translation(
        "The provider does not serve this model to this key (HTTP {status}): {words}.",
        "提供方不为该密钥提供此模型（HTTP {status}）：{words}。",
    ),
    "model_refused.hint": Translation(
        "Name a model that the provider serves with --model, or have this one enabled for the key's group. "
        "Nothing was charged.",
        "请用 --model 指定提供方支持的模型，或为该密钥所在分组开通此模型。本次未扣费。",
    ),
    "address_wrong": Translation(
        "The provider has no images API at this address (HTTP {status}): {words}.",
        "该地址上没有图片接口（HTTP {status}）：{words}。",
    ),
    "address_wrong.hint": Translation(
        "Check baseUrl in OpenClaw's configuration; it usually ends in /v1. Nothing was charged.",
        "请检查 OpenClaw 配置中的 baseUrl，它通常以 /v1 结尾。本次未扣费。",
    ),
    "not_allowed": Translation(
        "The provider does not allow this request (HTTP {status}): {words}.",
        "提供方不允许该请求（HTTP {status}）：{words}。",
    ),
    "not_allowed.hint": Translation("{way_out} Nothing was charged.", "{way_out}本次未扣费。"),
    "not_allowed_verification": Translation(
        "Have the organization or account verified at the provider, then run the same command again.",
        "请先在提供方完成组织或账户认证，再运行同一条命令。",
    ),
    "not_allowed_region": Translation(
        "It does not serve this country or region: use a provider or a network that is allowed there.",
        "提供方不服务该国家或地区：请更换提供方或网络。",
    ),
    "not_allowed_firewall": Translation(
        "A web firewall in front of the provider blocked it: try another network, or ask the provider to let "
        "programs through.",
        "请求被提供方的防火墙拦截：请更换网络，或联系提供方放行程序访问。",
    ),
    "not_allowed_other": Translation(
        "The key works but lacks this permission: check what the account, the key's group and the model allow.",
        "密钥有效但没有该权限：请检查账户、密钥分组与模型的权限。",
    ),
    "field_refused": Translation(
        "The provider knows the references' form field by its other name: {words}.",
        "提供方使用参考图字段的另一种名称：{words}。",
    ),
    "answer_is_page": Translation(
        "a web page; baseUrl usually ends in /v1", "是一个网页；baseUrl 通常以 /v1 结尾"
    ),
    "answer_unclear": Translation(
        "The provider answered HTTP {status} ({words}), which leaves open whether it accepted the request: "
        "it may have been charged. The answer is kept in {path}.",
        "提供方返回 HTTP {status}（{words}），无法确定是否已接受请求，可能已经扣费。答复保存在 {path}。",
    ),
    "answer_without_picture": Translation(
        "The provider answered without an image ({words}): it may have been charged. "
        "The answer is kept in {path}.",
        "提供方的答复里没有图片（{words}），可能已经扣费。答复保存在 {path}。",
    ),
    "images_left_out": Translation(
        "Note: {saved} image(s) were saved; {count} more in the answer were too many, too large or not whole. The "
        "answer is kept in {path}.",
        "注意：已保存 {saved} 张图片；答复中另有 {count} 张因数量、大小或不完整而未保存。答复保存在 {path}。",
    ),
    "image_is_draft": Translation(
        "Note: the provider sent only a draft of the image, and ended without the final one.",
        "注意：提供方只给出了图片的预览稿，没有给出最终图片。",
    ),
    "outcome_unknown_before": Translation(
        "The same request was sent at {since} (task {local_id}) and no image came: it may have been charged.",
        "同一请求已于 {since} 发出（任务 {local_id}），但没有得到图片，可能已经扣费。",
    ),
    "attempts_unclear": Translation(
        "No picture came, and {count} attempt(s) may have been charged. The last one: {last}",
        "没有得到图片，其中 {count} 次请求可能已经扣费。最后一次：{last}",
    ),
    "create_limited.hint": Translation(
        "Nothing was accepted or charged, and no more attempts are made now. Try again later.",
        "请求未被接受，也未扣费；本次不再尝试，请稍后再运行。",
    ),
    "picture_unusable": Translation(
        "What the provider answered is no whole picture: {reason}.", "提供方给出的不是完整的图片：{reason}。"
    ),
    "picture_not_base64": Translation("it is no base64", "不是合法的 base64 数据"),
    "answer_gone": Translation(
        "The answer of an earlier run, {path}, is gone or damaged, and the provider gives it only once.",
        "之前运行保存的答复 {path} 已丢失或损坏，而提供方只给出一次。",
    ),
    "request_gone": Translation(
        "What was asked for is not recorded in {path} any more.", "{path} 中已没有当时的请求记录。"
    ),
    "request_gone.hint": Translation(
        "Run the original command again with --on-unknown retry, after the user agreed.",
        "请在用户同意后，用原来的命令加上 --on-unknown retry 再次运行。",
    ),
}
_RETRY = Translation(
    "Check the provider's usage page first. Only if the user agrees to one more possible charge: "
    "--on-unknown retry sends the same request once more, with the same Idempotency-Key.",
    "请先查看提供方的用量记录。只有在用户同意可能再扣费一次时，才加上 --on-unknown retry："
    "用同一个 Idempotency-Key 再发送一次。",
)
for _code in (
    "outcome_unknown_before",
    "answer_lost",
    "answer_unclear",
    "answer_without_picture",
    "attempts_unclear",
):
    SERVICE[f"{_code}.hint"] = _RETRY
for _code in ("link_refused", "link_private", "picture_too_large"):
    SERVICE[f"{_code}.hint"] = Translation(
        "The provider's answer is kept in answer.json of the run folder: fetch the image by its link yourself, or "
        "ask the provider for links that are public. Making it again would be paid again and end like this.",
        "提供方的答复保存在运行目录的 answer.json 中：请自行用其中的链接取图，或请提供方改用公开链接。"
        "重新生成会再次扣费，结果不变。",
    )
for _code in ("picture_unusable", "link_expired"):
    SERVICE[f"{_code}.hint"] = Translation(
        "What it answered is kept in answer.json of the run folder. --new makes it again and pays again.",
        "提供方的答复保存在运行目录的 answer.json 中。--new 会重新生成，并再次扣费。",
    )
SERVICE["answer_gone.hint"] = Translation("--new makes it again and pays again.", "--new 会重新生成，并再次扣费。")
