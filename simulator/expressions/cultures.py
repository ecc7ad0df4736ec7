"""Which culture names exist, for ToLower and ToUpper.

Assumed: a name of ISO 639 language, optional script and ISO 3166 region (or UN M.49 area) is a culture; anything else
is unknown. Source: expressions.md section 9, ToLower.
"""

from __future__ import annotations

import re

from entra_sim.simulator.expressions.wording import names

_LANGUAGES = names(
    """
    aa ab ae af ak am an ar as av ay az ba be bg bh bi bm bn bo br bs ca ce ch co cr cs cu cv cy da de dv dz ee el
    en eo es et eu fa ff fi fj fo fr fy ga gd gl gn gu gv ha he hi ho hr ht hu hy hz ia id ie ig ii ik io is it iu
    ja jv ka kg ki kj kk kl km kn ko kr ks ku kv kw ky la lb lg li ln lo lt lu lv mg mh mi mk ml mn mr ms mt my na
    nb nd ne ng nl nn no nr nv ny oc oj om or os pa pi pl ps pt qu rm rn ro ru rw sa sc sd se sg si sk sl sm sn so
    sq sr ss st su sv sw ta te tg th ti tk tl tn to tr ts tt tw ty ug uk ur uz ve vi vo wa wo xh yi yo za zh zu agq
    arn asa ast bas bem bez bin brx ccp ceb cgg chr ckb dav dje doi dsb dua dyo ebu ewo fil fur gsw guz haw hsb ibb
    jgo jmc kab kam kde kea khq kkj kln kok ksb ksf ksh lag lkt lrc luo luy mai mas mer mfe mgh mgo moh mni mua mzn
    nds naq nmg nnh nqo nso nus nyn pap pcm prs prg quc quz qps rof rwk sah saq sat sbp seh ses shi sma smj smn sms
    ssy syr teo tig twq tzm vai vun wae wal xog yav zgh
    """
)
_REGIONS = names(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW
    """
)
_AREAS = frozenset({"001", "029", "150", "419"})
_NAME = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z]{4})?(?:-([A-Za-z]{2}|[0-9]{3}))?(?:[-_][A-Za-z0-9]{5,8})?")
_TURKIC = frozenset({"tr", "az"})


def is_culture(name: str) -> bool:
    """Return whether there is a culture of this name; the empty one is the invariant culture."""
    if not name:
        return True
    match = _NAME.fullmatch(name)
    if match is None or match.group(1).lower() not in _LANGUAGES:
        return False
    region = match.group(2)
    return region is None or region.upper() in _REGIONS or region in _AREAS


def is_turkic(name: str) -> bool:
    """Return whether the culture tells dotted and dotless i apart: Turkish and Azerbaijani."""
    return name[:3].rstrip("-").lower() in _TURKIC
