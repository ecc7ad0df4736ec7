"""Invented people's names and the offices they work in: plain data for `synthesis`. No real person is meant.

A name is "native" or "native:latin" where the principal name cannot be written in the native letters.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Culture:
    """Names of one language.

    Args:
        given: given names.
        surnames: family names.
        is_family_first: whether the family name is written first in the display name.
    """

    given: tuple[tuple[str, str], ...]
    surnames: tuple[tuple[str, str], ...]
    is_family_first: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """A place of work.

    Args:
        culture: key of CULTURES for most of its people.
        weight: share of the people, in any unit.
        phone: form of a number, each # a digit.
        postal: form of a postal code, each # a digit.
    """

    name: str
    street: str
    city: str
    state: str
    country: str
    usage_location: str
    language: str
    culture: str
    weight: int
    phone: str
    postal: str


def _pairs(text: str) -> tuple[tuple[str, str], ...]:
    found = []
    for item in text.split():
        native, _, latin = item.partition(":")
        found.append((native.replace("_", " "), (latin or native).replace("_", " ")))
    return tuple(found)


def _culture(given: str, surnames: str, *, is_family_first: bool = False) -> Culture:
    return Culture(given=_pairs(given), surnames=_pairs(surnames), is_family_first=is_family_first)


CULTURES: dict[str, Culture] = {
    "en": _culture(
        "Ada Alice Amelia Arthur Beatrice Caleb Charlotte Daniel Edith Eleanor Ethan Felix Grace Harriet "
        "Henry Isaac Ivy James Joan Julian Laura Leo Lydia Mabel Martin Miles Nora Oliver Owen Phoebe Rosa "
        "Ruth Samuel Silas Stella Theo Violet Walter Wesley Winifred",
        "Abbott Ashby Barlow Bell Brook Carver Chandler Cole Dalton Draper Ellis Fairley Fenn Fletcher Garner "
        "Hale Harlow Hayes Holt Irving Kerr Lane Lowell Marsh Mercer Nash Oakes Park Penn Quill Reed Rowe "
        "Sawyer Shaw Sterling Thorne Turner Vance Wade Whitlock Winter Yardley",
    ),
    "ie": _culture(
        "Aoife Brendan Caoimhe Ciarán:ciaran Clodagh Declan Éabha:eabha Eoin Fionn Gráinne:grainne "
        "Máire:maire Niamh Oisín:oisin Pádraig:padraig Róisín:roisin Saoirse Seán:sean Siobhán:siobhan Tadhg "
        "Úna:una",
        "O'Brien O'Connor O'Dowd O'Hara O'Neill O'Reilly O'Shea Byrne Doyle Farrell Gallagher Keane Maguire "
        "McCarthy Nolan Ó_Súilleabháin:o_suilleabhain Quinn Ryan Walsh",
    ),
    "de": _culture(
        "Anja Bärbel:baerbel Bernd Björn:bjoern Dörte:doerte Elke Friederike Götz:goetz Günter:guenter Heike "
        "Jörg:joerg Jürgen:juergen Käthe:kaethe Lukas Matthias Nele Rüdiger:ruediger Sören:soeren Ute Wiebke",
        "Bäcker:baecker Böhm:boehm Brandt Dreyer Fuchs Groß:gross Günther:guenther Hartmann Jäger:jaeger "
        "Köhler:koehler Krüger:krueger Lindner Möller:moeller Müller-Lüdenscheidt:mueller-luedenscheidt "
        "Schäfer:schaefer Schröder:schroeder Strauß:strauss Vogel von_Ahlen Weiß:weiss",
    ),
    "fr": _culture(
        "Aurélie:aurelie Benoît:benoit Camille Chloé:chloe Cédric:cedric Élodie:elodie Étienne:etienne "
        "François:francois Gaëlle:gaelle Hélène:helene Inès:ines Jérôme:jerome Léa:lea Maël:mael "
        "Noémie:noemie Océane:oceane Rémi:remi Solène:solene Théo:theo Zoé:zoe",
        "Aubry Béranger:beranger Blanchard Caron Delacroix D'Aubigny Desjardins Dupré:dupre Fontaine "
        "Garçon:garcon L'Hermitte Lefèvre:lefevre Léger:leger Marchand Noël:noel Perrin Rousseau Saint-Clair "
        "Tessier Vasseur",
    ),
    "es": _culture(
        "Álvaro:alvaro Begoña:begona Cristóbal:cristobal Elena Fermín:fermin Inés:ines Íñigo:inigo "
        "José_Luis:jose.luis Lucía:lucia María_José:maria.jose Nicolás:nicolas Nuria Óscar:oscar Pilar "
        "Rocío:rocio Sofía:sofia Tomás:tomas Xavier",
        "Álvarez:alvarez Castaño:castano Domínguez:dominguez Echeverría:echeverria "
        "García_Márquez:garcia.marquez Gutiérrez:gutierrez Ibáñez:ibanez Jiménez:jimenez López:lopez "
        "Muñoz:munoz Núñez:nunez Ortega Peña:pena Quiñones:quinones Sánchez:sanchez Vázquez:vazquez",
    ),
    "pl": _culture(
        "Agnieszka Błażej:blazej Czesława:czeslawa Grażyna:grazyna Jędrzej:jedrzej Łucja:lucja "
        "Małgorzata:malgorzata Michał:michal Paweł:pawel Rafał:rafal Stanisław:stanislaw "
        "Świętosława:swietoslawa Wojciech Zdzisław:zdzislaw",
        "Bąk:bak Dąbrowska:dabrowska Górski:gorski Jabłoński:jablonski Kaźmierczak:kazmierczak "
        "Łukasik:lukasik Mączka:maczka Nowak Piątek:piatek Szczepański:szczepanski Wiśniewska:wisniewska "
        "Zając:zajac Żak:zak",
    ),
    "cs": _culture(
        "Anežka:anezka Bohumil Čeněk:cenek Jiří:jiri Kateřina:katerina Ladislav Miloš:milos Ondřej:ondrej "
        "Růžena:ruzena Tomáš:tomas Václav:vaclav Zdeňka:zdenka",
        "Černý:cerny Dvořák:dvorak Hájková:hajkova Ježek:jezek Kříž:kriz Novák:novak Procházková:prochazkova "
        "Říha:riha Šťastný:stastny Vlček:vlcek Žižka:zizka",
    ),
    "tr": _culture(
        "Ayşe:ayse Çağla:cagla Ebru Gökhan:gokhan İbrahim:ibrahim Işıl:isil Mehmet Ömer:omer Özlem:ozlem "
        "Şebnem:sebnem Tuğba:tugba Ülkü:ulku Yiğit:yigit",
        "Açıkgöz:acikgoz Çelik:celik Demir Doğan:dogan Güneş:gunes İnan:inan Kılıç:kilic Öztürk:ozturk "
        "Şahin:sahin Yıldız:yildiz",
    ),
    "pt": _culture(
        "Antônio:antonio Beatriz Conceição:conceicao Fábio:fabio Flávia:flavia Inês:ines João:joao Luís:luis "
        "Márcia:marcia Patrícia:patricia Sebastião:sebastiao Vitória:vitoria",
        "Araújo:araujo Assunção:assuncao Brandão:brandao da_Conceição:da.conceicao Gonçalves:goncalves "
        "Guimarães:guimaraes Leitão:leitao Magalhães:magalhaes Simões:simoes Vilaça:vilaca",
    ),
    "vi": _culture(
        "Ánh:anh Bảo:bao Diễm:diem Đức:duc Hương:huong Khánh:khanh Linh Ngọc:ngoc Phượng:phuong Quỳnh:quynh "
        "Thảo:thao Yến:yen",
        "Bùi:bui Đặng:dang Đỗ:do Hoàng:hoang Lê:le Lý:ly Ngô:ngo Nguyễn:nguyen Phạm:pham Trần:tran Vũ:vu",
        is_family_first=True,
    ),
    "ru": _culture(
        "Алёна:alyona Борис:boris Вера:vera Глеб:gleb Дарья:darya Ефим:yefim Жанна:zhanna Илья:ilya Кира:kira "
        "Лев:lev Нина:nina Пётр:pyotr Фёдор:fyodor Юлия:yuliya Яна:yana",
        "Белов:belov Воронина:voronina Громов:gromov Ежов:yezhov Зимина:zimina Крылов:krylov "
        "Лебедева:lebedeva Орлов:orlov Соловьёва:solovyova Тихонов:tikhonov Чернышёв:chernyshyov "
        "Щербакова:shcherbakova",
    ),
    "el": _culture(
        "Αθηνά:athina Γιώργος:giorgos Δέσποινα:despina Ευγενία:evgenia Ζωή:zoi Ιάσονας:iasonas Κώστας:kostas "
        "Μαρία:maria Νίκος:nikos Στέλλα:stella",
        "Αναγνώστου:anagnostou Βλάχος:vlachos Γεωργίου:georgiou Δημητρίου:dimitriou Καραγιάννη:karagianni "
        "Μακρής:makris Παππά:pappa Ρήγας:rigas",
    ),
    "ja": _culture(
        "葵:aoi 健太:kenta 結衣:yui 翔太:shota 美咲:misaki 大輔:daisuke さくら:sakura 直樹:naoki "
        "真由美:mayumi ケン:ken",
        "青木:aoki 石川:ishikawa 上田:ueda 加藤:kato 小林:kobayashi 佐々木:sasaki 高橋:takahashi "
        "中村:nakamura 藤井:fujii 森:mori",
        is_family_first=True,
    ),
    "ko": _culture(
        "민준:minjun 서연:seoyeon 지훈:jihun 하은:haeun 도윤:doyun 수아:sua 예린:yerin 태양:taeyang",
        "강:kang 김:kim 박:park 서:seo 윤:yoon 이:lee 정:jung 최:choi",
        is_family_first=True,
    ),
    "ar": _culture(
        "أمل:amal باسل:basel جميلة:jamila خالد:khaled ريم:reem سامي:sami عمر:omar فاطمة:fatima ليلى:layla يوسف:yousef",
        "البنا:elbanna الحسن:alhassan الخطيب:elkhatib سليمان:soliman عبد_الله:abdullah فاروق:farouk "
        "منصور:mansour ناصر:nasser",
    ),
    "hi": _culture(
        "अनिल:anil ईशा:isha कविता:kavita दीपक:deepak नेहा:neha प्रिया:priya रवि:ravi सुनीता:sunita हरीश:harish",
        "अग्रवाल:agrawal कपूर:kapoor गुप्ता:gupta जोशी:joshi पटेल:patel मेहता:mehta राव:rao शर्मा:sharma",
    ),
}

OFFICES: tuple[Office, ...] = (
    Office(
        name="Seattle 12",
        street="{} Harbor Avenue",
        city="Seattle",
        state="WA",
        country="United States",
        usage_location="US",
        language="en-US",
        culture="en",
        weight=26,
        phone="+1 206 555 01##",
        postal="981##",
    ),
    Office(
        name="London 3",
        street="{} Foundry Lane",
        city="London",
        state="",
        country="United Kingdom",
        usage_location="GB",
        language="en-GB",
        culture="en",
        weight=14,
        phone="+44 20 7946 0###",
        postal="EC#A #BX",
    ),
    Office(
        name="Dublin 2",
        street="{} Chapel Quay",
        city="Dublin",
        state="Leinster",
        country="Ireland",
        usage_location="IE",
        language="en-IE",
        culture="ie",
        weight=9,
        phone="+353 1 555 ####",
        postal="D## X#Y#",
    ),
    Office(
        name="München 7",
        street="Lindenstraße {}",
        city="München",
        state="Bayern",
        country="Deutschland",
        usage_location="DE",
        language="de-DE",
        culture="de",
        weight=11,
        phone="+49 89 5550 ####",
        postal="80###",
    ),
    Office(
        name="Lyon 4",
        street="{} rue de la Forêt",
        city="Lyon",
        state="Rhône",
        country="France",
        usage_location="FR",
        language="fr-FR",
        culture="fr",
        weight=8,
        phone="+33 4 55 50 ## ##",
        postal="6900#",
    ),
    Office(
        name="Málaga 1",
        street="Calle del Olmo {}",
        city="Málaga",
        state="Andalucía",
        country="España",
        usage_location="ES",
        language="es-ES",
        culture="es",
        weight=6,
        phone="+34 955 550 ###",
        postal="290##",
    ),
    Office(
        name="Łódź 1",
        street="ul. Tkacka {}",
        city="Łódź",
        state="łódzkie",
        country="Polska",
        usage_location="PL",
        language="pl-PL",
        culture="pl",
        weight=5,
        phone="+48 42 555 ## ##",
        postal="90-###",
    ),
    Office(
        name="Brno 2",
        street="Zahradní {}",
        city="Brno",
        state="Jihomoravský kraj",
        country="Česko",
        usage_location="CZ",
        language="cs-CZ",
        culture="cs",
        weight=4,
        phone="+420 555 ### ###",
        postal="602 ##",
    ),
    Office(
        name="İzmir 1",
        street="Çınar Sokak {}",
        city="İzmir",
        state="",
        country="Türkiye",
        usage_location="TR",
        language="tr-TR",
        culture="tr",
        weight=3,
        phone="+90 232 555 ## ##",
        postal="35###",
    ),
    Office(
        name="São Paulo 5",
        street="Rua das Acácias, {}",
        city="São Paulo",
        state="SP",
        country="Brasil",
        usage_location="BR",
        language="pt-BR",
        culture="pt",
        weight=5,
        phone="+55 11 5550 ####",
        postal="01###-###",
    ),
    Office(
        name="Huế 1",
        street="{} Đường Sen",
        city="Huế",
        state="",
        country="Việt Nam",
        usage_location="VN",
        language="vi-VN",
        culture="vi",
        weight=3,
        phone="+84 234 555 ####",
        postal="4####",
    ),
    Office(
        name="Almaty 1",
        street="улица Яблоневая, {}",
        city="Алматы",
        state="",
        country="Казахстан",
        usage_location="KZ",
        language="ru-KZ",
        culture="ru",
        weight=4,
        phone="+7 727 555 ## ##",
        postal="0500##",
    ),
    Office(
        name="Patras 1",
        street="Οδός Ελιάς {}",
        city="Πάτρα",
        state="",
        country="Ελλάδα",
        usage_location="GR",
        language="el-GR",
        culture="el",
        weight=3,
        phone="+30 2610 555 ###",
        postal="26###",
    ),
    Office(
        name="Osaka 9",
        street="若葉町{}番地",
        city="大阪市",
        state="大阪府",
        country="日本",
        usage_location="JP",
        language="ja-JP",
        culture="ja",
        weight=6,
        phone="+81 6 5550 ####",
        postal="539-####",
    ),
    Office(
        name="Busan 2",
        street="은행로 {}",
        city="부산",
        state="",
        country="대한민국",
        usage_location="KR",
        language="ko-KR",
        culture="ko",
        weight=4,
        phone="+82 51 555 ####",
        postal="46###",
    ),
    Office(
        name="Alexandria 1",
        street="{} شارع النخيل",
        city="الإسكندرية",
        state="",
        country="مصر",
        usage_location="EG",
        language="ar-EG",
        culture="ar",
        weight=3,
        phone="+20 3 555 ####",
        postal="215##",
    ),
    Office(
        name="Pune 6",
        street="{} Banyan Road",
        city="Pune",
        state="Maharashtra",
        country="India",
        usage_location="IN",
        language="en-IN",
        culture="hi",
        weight=6,
        phone="+91 20 5550 ####",
        postal="4110##",
    ),
)

DEPARTMENTS: tuple[tuple[str, int, tuple[str, ...]], ...] = (
    ("Research", 14, ("Research Scientist", "Data Scientist", "Lab Technician", "Research Assistant")),
    ("Engineering", 24, ("Software Engineer", "Test Engineer", "Site Reliability Engineer", "Architect")),
    ("Sales", 18, ("Account Manager", "Sales Engineer", "Sales Representative", "Inside Sales")),
    ("Marketing", 9, ("Content Designer", "Campaign Manager", "Brand Manager", "Event Planner")),
    ("Customer Support", 15, ("Support Specialist", "Support Engineer", "Customer Advocate")),
    ("Finance", 7, ("Accountant", "Controller", "Payroll Specialist")),
    ("People & Culture", 6, ("Recruiter", "HR Partner", "Trainer")),
    ("Legal", 3, ("Counsel", "Contract Manager")),
    ("IT", 7, ("System Administrator", "Service Desk Analyst", "Identity Engineer")),
    ("Facilities", 4, ("Facility Manager", "Receptionist", "Technician")),
)

GUEST_DOMAINS = ("fabrikam.example", "northwind.example", "tailspin.example", "woodgrove.example")
