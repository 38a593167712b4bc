"""Sentences about the optional parameters of an image."""

from __future__ import annotations

from shared.i18n.messages import Translation

OPTIONS = {
    "size_not_taken": Translation(
        "{flag} of {model}: both sides must be multiples of {multiple}, no side longer than {max_edge}, the longer side "
        "at most {max_ratio} times the shorter, and width x height from {min_pixels} to {max_pixels} (got {got}).",
        "{model} 的 {flag} 值 {got} 无效：宽和高都须是 {multiple} 的倍数，边长不超过 {max_edge}，"
        "长边不超过短边的 {max_ratio} 倍，总像素在 {min_pixels} 到 {max_pixels} 之间。",
    ),
    "option_not_taken": Translation(
        "{flag} of {model} must be one of: {expected} (got {got}).",
        "{model} 的 {flag} 值 {got} 无效，只接受：{expected}。",
    ),
    "option_unknown_to_model": Translation(
        "{model} does not accept {flag}; leave it out.", "{model} 不支持 {flag}，请去掉该参数。"
    ),
    "option_needs": Translation("{flag} works only with {other}.", "{flag} 只能与 {other} 一起使用。"),
    "prompt_too_long": Translation(
        "{flag} of {model} must have at most {most} characters (got {got}).",
        "{model} 的 {flag} 最多 {most} 个字符，实际为 {got} 个。",
    ),
    "model_unlisted": Translation(
        "Note: {model} is not in this skill's table of models; its parameters are sent unchecked.",
        "注意：本技能的模型表中没有 {model}，参数将不经核对直接发送。",
    ),
    "mask_refused": Translation(
        "{flag} must be a mask for the first reference image; {got} is refused: {reason}.",
        "{flag} 应为第一张参考图的蒙版；{got} 不可用：{reason}。",
    ),
    "mask_not_png": Translation("it is not a PNG image", "不是 PNG 图片"),
    "mask_too_large": Translation("it must be smaller than {most} bytes", "文件须小于 {most} 字节"),
    "mask_size": Translation(
        "its size is {size}, that of the reference image {expected}", "尺寸为 {size}，而参考图为 {expected}"
    ),
    "mask_without_alpha": Translation("it has no alpha channel", "没有 Alpha 通道"),
    "mask_opaque": Translation(
        "none of its pixels is transparent, so nothing is redrawn", "没有透明像素，不会重画任何部分"
    ),
    "images_missing": Translation(
        "{saved} of {requested} requested images arrived", "请求了 {requested} 张图片，只收到 {saved} 张"
    ),
    "option_differs": Translation(
        "Note: {flag} {requested} was requested, the service applied {applied}.",
        "注意：请求的 {flag} 是 {requested}，服务实际采用的是 {applied}。",
    ),
}
