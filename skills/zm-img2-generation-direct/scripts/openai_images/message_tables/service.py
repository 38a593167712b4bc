"""The messages about the provider's answers, English and Chinese side by side."""

from __future__ import annotations

from shared.i18n.messages import Translation

SERVICE = {
    "content_refused": Translation(
        "The provider's content rules do not allow this request ({rule}): {words}.",
        "请求未通过服务商的内容审核（{rule}）：{words}。",
    ),
    "content_refused.hint": Translation(
        "Change the prompt or the reference images; the same request would be refused again. Nothing was charged.",
        "请修改提示词或参考图；同样的请求还会被拒绝。本次未扣费。",
    ),
    "model_refused": Translation(
        "The provider does not offer this model to this key (HTTP {status}): {words}.",
        "服务商没有为该密钥开通此模型（HTTP {status}）：{words}。",
    ),
    "model_refused.hint": Translation(
        "Use --model to name a model that the provider offers, or have this one enabled for the key's "
        "group. Nothing was charged.",
        "请用 --model 指定服务商提供的模型，或为该密钥所在的分组开通此模型。本次未扣费。",
    ),
    "address_wrong": Translation(
        "The provider has no images API at this address (HTTP {status}): {words}.",
        "该地址上没有图片接口（HTTP {status}）：{words}。",
    ),
    "address_wrong.hint": Translation(
        "Check {address_place}; it usually ends in /v1. Nothing was charged.",
        "请检查{address_place}，它通常以 /v1 结尾。本次未扣费。",
    ),
    "not_allowed": Translation(
        "The provider does not allow this request (HTTP {status}): {words}.",
        "服务商不允许此请求（HTTP {status}）：{words}。",
    ),
    "not_allowed.hint": Translation("{way_out} Nothing was charged.", "{way_out}本次未扣费。"),
    "not_allowed_verification": Translation(
        "Verify the organization or account with the provider, then run the same command again.",
        "请先在服务商处完成组织或账户认证，再运行同一条命令。",
    ),
    "not_allowed_region": Translation(
        "The provider is not offered in this country or region: use a provider or network that is.",
        "服务商未在该国家或地区开放：请更换服务商或网络。",
    ),
    "not_allowed_firewall": Translation(
        "A web firewall in front of the provider blocked the request: try another network, or ask the "
        "provider to allow programs.",
        "请求被服务商的防火墙拦截：请更换网络，或联系服务商放行程序访问。",
    ),
    "not_allowed_other": Translation(
        "The key works but lacks this permission: check the permissions of the account, the key's group "
        "and the model.",
        "密钥有效但没有该权限：请检查账户、密钥分组与模型的权限。",
    ),
    "field_refused": Translation(
        "The provider uses the other name of the form field for reference images: {words}.",
        "服务商使用参考图字段的另一种名称：{words}。",
    ),
    "answer_is_page": Translation(
        "a web page; baseUrl usually ends in /v1", "是一个网页；baseUrl 通常以 /v1 结尾"
    ),
    "answer_unclear": Translation(
        "The provider answered HTTP {status} ({words}), which does not show whether it accepted the "
        "request: it may have been charged. The answer was saved to {path}.",
        "服务商返回 HTTP {status}（{words}），无法确定请求是否已被受理，可能已经扣费。响应已保存到 {path}。",
    ),
    "answer_without_picture": Translation(
        "The provider answered without an image ({words}): it may have been charged. The answer was saved "
        "to {path}.",
        "服务商的响应中没有图片（{words}），可能已经扣费。响应已保存到 {path}。",
    ),
    "images_left_out": Translation(
        "Note: {saved} image(s) were saved; {count} more in the answer were too many, too large or "
        "incomplete. The answer was saved to {path}.",
        "注意：已保存 {saved} 张图片；响应中另有 {count} 张因数量过多、过大或不完整而未保存。响应已保存到 {path}。",
    ),
    "image_is_draft": Translation(
        "Note: the provider sent only a preview of the image, and ended without the final one.",
        "注意：服务商只返回了图片的预览稿，没有返回最终图片。",
    ),
    "outcome_unknown_before": Translation(
        "The same request was sent at {since} (task {local_id}), but no image arrived: it may have been charged.",
        "同一请求已于 {since} 发出（任务 {local_id}），但没有得到图片，可能已经扣费。",
    ),
    "attempts_unclear": Translation(
        "No image arrived, and {count} attempt(s) may have been charged. The last one: {last}",
        "没有得到图片，其中 {count} 次请求可能已经扣费。最后一次：{last}",
    ),
    "out_of_credits.hint": Translation(
        "Top up the account of the provider {provider}, then run the same command again. Nothing was charged. "
        "To use another account, change its key: {key_place}.",
        "请为服务商 {provider} 的账户充值，再运行同一条命令。本次未扣费。"
        "如需改用其他账户，请修改密钥：{key_place}。",
    ),
    "create_limited.hint": Translation(
        "Nothing was accepted or charged; all attempts are used up. Wait, then ask the user before you try again.",
        "请求未被受理，也未扣费，重试次数已用完。请先等待，再征得用户同意后重试。",
    ),
    "picture_unusable": Translation(
        "The provider did not return a complete image: {reason}.", "服务商返回的不是完整的图片：{reason}。"
    ),
    "picture_not_base64": Translation("it is not valid base64", "不是合法的 base64 数据"),
    "answer_gone": Translation(
        "The answer of an earlier run, {path}, is missing or damaged, and the provider returns it only once.",
        "之前运行保存的响应 {path} 已丢失或损坏，而服务商只返回一次。",
    ),
    "request_gone": Translation(
        "The original request is no longer recorded in {path}.", "{path} 中已没有当时的请求记录。"
    ),
    "request_gone.hint": Translation(
        "Once the user agrees, run the original command again with --on-unknown retry.",
        "请在用户同意后，用原来的命令加上 --on-unknown retry 再次运行。",
    ),
}
_RETRY = Translation(
    "Check the usage page of the provider's account for a request at that time. If there is none, nothing was "
    "charged. If there is one, its image cannot be fetched later. In both cases --on-unknown retry sends the "
    "request once more with the same Idempotency-Key, and only the user can agree to that.",
    "请在服务商账户的用量页面查找该时间的请求。没有记录表示未扣费；有记录则表示已扣费，且图片无法再取回。"
    "两种情况都可以用 --on-unknown retry 以同一个 Idempotency-Key 再发送一次，但须先征得用户同意。",
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
        "The provider's answer was saved to answer.json in the run folder: download the image from its link "
        "yourself, or ask the provider for public links. Generating it again would cost again and end the same way.",
        "服务商的响应已保存到运行目录的 answer.json：请自行用其中的链接下载图片，或请服务商改用公开链接。"
        "重新生成会再次扣费，结果仍然一样。",
    )
for _code in ("picture_unusable", "link_expired"):
    SERVICE[f"{_code}.hint"] = Translation(
        "The provider's answer was saved to answer.json in the run folder. --new generates the image again and "
        "pays again.",
        "服务商的响应已保存到运行目录的 answer.json。--new 会重新生成图片，并再次扣费。",
    )
SERVICE["answer_gone.hint"] = Translation(
    "--new generates it again and pays again.", "--new 会重新生成，并再次扣费。"
)
