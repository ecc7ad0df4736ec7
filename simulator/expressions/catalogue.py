"""The 46 functions, in the order of the alphabet. Source: expressions.md sections 1 and 9."""

from __future__ import annotations

from entra_sim.simulator.expressions.description import FunctionDescription
from entra_sim.simulator.expressions.description import Parameter

_SOURCE = Parameter("source")
_EXPRESSION = Parameter("expression", type="Any")
_ASSIGNMENTS = Parameter("appRoleAssignments", "source", type="Any")
_CULTURE = Parameter("culture", required=False)
_INTERVAL = Parameter("interval")
_ADMIN = {"id": "06b0", "value": "Admin", "displayName": "Administrator"}

_ALL = (
    FunctionDescription(
        name="Append",
        parameters=(_SOURCE, Parameter("suffix")),
        meaning="The source with the suffix behind it; no value if the source has none.",
        example='Append([userPrincipalName], ".test")',
        example_attributes={"userPrincipalName": "John.Doe@contoso.com"},
        example_value="John.Doe@contoso.com.test",
    ),
    FunctionDescription(
        name="AppRoleAssignmentsComplex",
        parameters=(_ASSIGNMENTS,),
        meaning="All assigned app roles, as a list of objects with id, value and displayName; roles are only added.",
        example="AppRoleAssignmentsComplex([appRoleAssignments])",
        example_attributes={"appRoleAssignments": [_ADMIN]},
        example_value=('{"id":"06b0","value":"Admin","displayName":"Administrator"}',),
    ),
    FunctionDescription(
        name="AssertiveAppRoleAssignmentsComplex",
        parameters=(_ASSIGNMENTS,),
        meaning="As AppRoleAssignmentsComplex, but written so that roles no longer assigned disappear from the target.",
        example="AssertiveAppRoleAssignmentsComplex([appRoleAssignments])",
        example_attributes={"appRoleAssignments": [_ADMIN]},
        example_value=('{"id":"06b0","value":"Admin","displayName":"Administrator"}',),
    ),
    FunctionDescription(
        name="BitAnd",
        parameters=(Parameter("value1", type="Integer"), Parameter("value2", type="Integer")),
        meaning="The bits that are set in both numbers, on 64 bits.",
        example="BitAnd(&HF, &HF7)",
        example_value="7",
    ),
    FunctionDescription(
        name="CBool",
        parameters=(_EXPRESSION,),
        meaning="True for a comparison that holds, a number other than 0, or the text True; else False.",
        example="CBool([attribute1] = [attribute2])",
        example_attributes={"attribute1": "x", "attribute2": "x"},
        example_value="True",
    ),
    FunctionDescription(
        name="CDate",
        parameters=(_EXPRESSION,),
        meaning="The date and time, in UTC, that a text says. It prints as M/d/yyyy h:mm:ss tt.",
        example='CDate("2021-06-30+08:00")',
        example_value="6/29/2021 4:00:00 PM",
    ),
    FunctionDescription(
        name="Coalesce",
        parameters=(Parameter("source", repeated=True), Parameter("defaultValue", required=False)),
        meaning="The first argument that has a value; an attribute must not be empty either. The last is the default.",
        example="Coalesce([mail], [userPrincipalName])",
        example_attributes={"userPrincipalName": "John.Doe@contoso.com"},
        example_value="John.Doe@contoso.com",
    ),
    FunctionDescription(
        name="ConvertToBase64",
        parameters=(_SOURCE,),
        meaning="The Base64 text of the source's UTF-16 little-endian bytes.",
        example='ConvertToBase64("Hello world!")',
        example_value="SABlAGwAbABvACAAdwBvAHIAbABkACEA",
    ),
    FunctionDescription(
        name="ConvertToUTF8Hex",
        parameters=(_SOURCE,),
        meaning="The source's UTF-8 bytes in hexadecimal capitals.",
        example='ConvertToUTF8Hex("Hello world!")',
        example_value="48656C6C6F20776F726C6421",
    ),
    FunctionDescription(
        name="Count",
        parameters=(Parameter("attribute", type="Any"),),
        meaning="The number of elements of a list; 1 for a single value, 0 for none.",
        example="Count([proxyAddresses])",
        example_attributes={"proxyAddresses": ["SMTP:a@contoso.com", "smtp:b@contoso.com"]},
        example_value="2",
    ),
    FunctionDescription(
        name="CStr",
        parameters=(Parameter("value", "source", type="Any"),),
        meaning="The text form of a value.",
        example="CStr(CBool(1))",
        example_value="True",
    ),
    FunctionDescription(
        name="DateAdd",
        parameters=(_INTERVAL, Parameter("value", type="Integer"), Parameter("dateTime", type="DateTime")),
        meaning="The date moved by a number of intervals: yyyy years, m months, d days, ww weeks, h hours, n minutes, "
        "s seconds.",
        example='DateAdd("d", 7, CDate([StatusHireDate]))',
        example_attributes={"StatusHireDate": "2012-03-16-07:00"},
        example_value="3/23/2012 7:00:00 AM",
    ),
    FunctionDescription(
        name="DateDiff",
        parameters=(_INTERVAL, Parameter("date1", type="DateTime"), Parameter("date2", type="DateTime")),
        meaning="How many intervals (as in DateAdd) date2 is later than date1. Years and months count calendar units, "
        "weeks their Sundays, the others whole units.",
        example='DateDiff("d", CDate("2021-08-18"), CDate("2021-08-31"))',
        example_value="13",
    ),
    FunctionDescription(
        name="DateFromNum",
        parameters=(Parameter("value", type="Integer"),),
        meaning="The date of a Windows file time: 100-ns ticks since 1601-01-01 UTC.",
        example="DateFromNum(129699324000000000)",
        example_value="1/1/2012 11:00:00 PM",
    ),
    FunctionDescription(
        name="DefaultDomain",
        meaning="The tenant's default verified domain.",
        example='Join("@", [mailNickname], DefaultDomain())',
        example_attributes={"mailNickname": "johns"},
        example_value="johns@contoso.com",
    ),
    FunctionDescription(
        name="FormatDateTime",
        parameters=(
            _SOURCE,
            Parameter("dateTimeStyles", required=False),
            Parameter("inputFormat"),
            Parameter("outputFormat"),
        ),
        meaning="A date text, read strictly by one .NET format and printed by another.",
        example='FormatDateTime([extensionAttribute1], , "yyyyMMddHHmmss.fZ", "yyyy-MM-dd")',
        example_attributes={"extensionAttribute1": "20150123105347.1Z"},
        example_value="2015-01-23",
    ),
    FunctionDescription(
        name="Guid",
        meaning="A new random GUID in lower case.",
        example="Guid()",
        example_value="~[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    ),
    FunctionDescription(
        name="IgnoreFlowIfNullOrEmpty",
        parameters=(_EXPRESSION,),
        meaning="The value; if it is missing or empty, the attribute is left out of the operation.",
        example="IgnoreFlowIfNullOrEmpty([department])",
        example_attributes={"department": "Sales"},
        example_value="Sales",
    ),
    FunctionDescription(
        name="IIF",
        parameters=(
            Parameter("condition", "one", type="Boolean"),
            Parameter("valueIfTrue", "two", type="Any"),
            Parameter("valueIfFalse", "three", type="Any"),
        ),
        meaning="One of two values, by a condition. Comparing a missing or empty attribute gives no value at all.",
        example='IIF([country]="USA",[country],[department])',
        example_attributes={"country": "USA", "department": "Sales"},
        example_value="USA",
    ),
    FunctionDescription(
        name="InStr",
        parameters=(
            Parameter("value1"),
            Parameter("value2"),
            Parameter("start", type="Integer", required=False),
            Parameter("compareType", required=False),
        ),
        meaning="The position, from 1, of value2 in value1 at or after start; 0 if it is not there. compareType is "
        "vbBinaryCompare (the default) or vbTextCompare, which ignores case.",
        example='InStr("The quick brown fox", "quick")',
        example_value="5",
    ),
    FunctionDescription(
        name="IsNull",
        parameters=(_EXPRESSION,),
        meaning="True if there is no value; the empty text is a value.",
        example="IsNull([displayName])",
        example_value="True",
    ),
    FunctionDescription(
        name="IsNullOrEmpty",
        parameters=(_EXPRESSION,),
        meaning="True if there is no value or the empty text.",
        example="IsNullOrEmpty([displayName])",
        example_attributes={"displayName": ""},
        example_value="True",
    ),
    FunctionDescription(
        name="IsPresent",
        parameters=(_EXPRESSION,),
        meaning="True if there is a value other than the empty text.",
        example="IsPresent([directManager])",
        example_attributes={"directManager": "abc"},
        example_value="True",
    ),
    FunctionDescription(
        name="IsString",
        parameters=(_EXPRESSION,),
        meaning="True if the value is a text.",
        example="IsString([displayName])",
        example_attributes={"displayName": "John"},
        example_value="True",
    ),
    FunctionDescription(
        name="Item",
        parameters=(Parameter("attribute", type="Any"), Parameter("index", type="Integer")),
        meaning="The element of a list at a position, counted from 1.",
        example="Item([proxyAddresses], 1)",
        example_attributes={"proxyAddresses": ["SMTP:john@contoso.com", "smtp:j@contoso.com"]},
        example_value="SMTP:john@contoso.com",
    ),
    FunctionDescription(
        name="Join",
        parameters=(Parameter("separator"), Parameter("source", type="Any", repeated=True)),
        meaning="All texts of all sources with the separator between them; missing and empty ones are skipped.",
        example='Join(" ", [givenName], [middleName], [surname])',
        example_attributes={"givenName": "John", "surname": "Doe"},
        example_value="John Doe",
    ),
    FunctionDescription(
        name="Left",
        parameters=(Parameter("string"), Parameter("numChars", "NumChars", type="Integer")),
        meaning="The first characters of a text; all of it if the number is negative.",
        example='Left("John Doe", 3)',
        example_value="Joh",
    ),
    FunctionDescription(
        name="Len",
        parameters=(Parameter("string"),),
        meaning="The number of characters of the text form.",
        example='Len("John Doe")',
        example_value="8",
    ),
    FunctionDescription(
        name="Mid",
        parameters=(_SOURCE, Parameter("start", type="Integer"), Parameter("length", type="Integer")),
        meaning="A number of characters from a position on, counted from 1.",
        example='Mid("John Doe", 3, 5)',
        example_value="hn Do",
    ),
    FunctionDescription(
        name="NormalizeDiacritics",
        parameters=(_SOURCE,),
        meaning="Letters without their marks; æ, ø, œ and ß become two letters.",
        example="NormalizeDiacritics([givenName])",
        example_attributes={"givenName": "Zoë"},
        example_value="Zoe",
    ),
    FunctionDescription(
        name="Not",
        parameters=(Parameter("source", type="Boolean"),),
        meaning="False if the source is True, else True, also without a value.",
        example="Not([IsSoftDeleted])",
        example_attributes={"IsSoftDeleted": "True"},
        example_value="False",
    ),
    FunctionDescription(
        name="Now",
        meaning="The current date and time in UTC.",
        example="Now()",
        example_value="~[0-9]+/[0-9]+/[0-9]{4} [0-9]+:[0-9]{2}:[0-9]{2} [AP]M",
    ),
    FunctionDescription(
        name="NumFromDate",
        parameters=(Parameter("value", type="DateTime"),),
        meaning="The Windows file time of a date: 100-ns ticks since 1601-01-01 UTC.",
        example='NumFromDate(CDate("2012-01-01 23:00:00"))',
        example_value="129699324000000000",
    ),
    FunctionDescription(
        name="PCase",
        parameters=(_SOURCE, Parameter("wordSeparators", required=False)),
        meaning="Each word with a capital first letter and the rest in lower case; words end at anything but letters, "
        "digits and the apostrophe, or only at the given separators.",
        example='PCase([lastName], " \'-")',
        example_attributes={"lastName": "PINTO-DE'SILVA"},
        example_value="Pinto-De'Silva",
    ),
    FunctionDescription(
        name="RandomString",
        parameters=(
            Parameter("length", "Length", type="Integer"),
            Parameter("minimumNumbers", "MinimumNumbers", type="Integer"),
            Parameter("minimumSpecialCharacters", "MinimumSpecialCharacters", type="Integer"),
            Parameter("minimumCapital", "MinimumCapital", type="Integer"),
            Parameter("minimumLowerCase", "MinimumLowerCase", type="Integer"),
            Parameter("charactersToAvoid", "CharactersToAvoid", required=False),
        ),
        meaning="A random text of a length, at most 256, with at least so many digits, special characters, capitals "
        "and small letters.",
        example='RandomString(10, 2, 2, 2, 1, "?,")',
        example_value="~.{10}",
    ),
    FunctionDescription(
        name="Redact",
        parameters=(Parameter("value", "source", type="Any"),),
        meaning="The value itself; the logs show [Redact] in its place.",
        example="Redact([userPrincipalName])",
        example_attributes={"userPrincipalName": "john@contoso.com"},
        example_value="john@contoso.com",
    ),
    FunctionDescription(
        name="RemoveDuplicates",
        parameters=(Parameter("attribute", "source", type="Any"),),
        meaning="The list without repeated elements; case matters.",
        example="RemoveDuplicates([proxyAddresses])",
        example_attributes={"proxyAddresses": ["smtp:a@x.com", "smtp:b@x.com", "smtp:a@x.com"]},
        example_value=("smtp:a@x.com", "smtp:b@x.com"),
    ),
    FunctionDescription(
        name="Replace",
        parameters=(
            _SOURCE,
            Parameter("oldValue", "Find", required=False),
            Parameter("regexPattern", "RegularExpression", required=False),
            Parameter("regexGroupName", "RegularExpressionGroupName", required=False),
            Parameter("replacementValue", "Replacement", required=False),
            Parameter("replacementAttributeName", "ReplacementPropertyName", required=False),
            Parameter("template", "Template", required=False),
        ),
        meaning="The source with something replaced. oldValue and replacementValue: plain text. regexPattern and "
        "replacementValue: every match of a .NET pattern; with regexGroupName only that group. oldValue and template: "
        "the template with the source put in. regexPattern, regexGroupName and replacementAttributeName: for an empty "
        "source, the group from the other attribute.",
        example='Replace([preferredLanguage], "-", , , "_", , )',
        example_attributes={"preferredLanguage": "EN-US"},
        example_value="EN_US",
    ),
    FunctionDescription(
        name="SelectUniqueValue",
        parameters=(Parameter("uniqueValueRule", "value", repeated=True),),
        meaning="The first result that no object of the target has yet. Only as the outermost function.",
        example='SelectUniqueValue("a@contoso.com", "b@contoso.com")',
        example_value="a@contoso.com",
        least=2,
    ),
    FunctionDescription(
        name="SingleAppRoleAssignment",
        parameters=(_ASSIGNMENTS,),
        meaning="The name of the one assigned app role.",
        example="SingleAppRoleAssignment([appRoleAssignments])",
        example_attributes={"appRoleAssignments": [_ADMIN]},
        example_value="Administrator",
    ),
    FunctionDescription(
        name="Split",
        parameters=(_SOURCE, Parameter("delimiter")),
        meaning="The list of the parts between delimiters, without blanks around them and without empty parts.",
        example='Split([extensionAttribute5], ",")',
        example_attributes={"extensionAttribute5": "PermissionSetOne, PermissionSetTwo"},
        example_value=("PermissionSetOne", "PermissionSetTwo"),
    ),
    FunctionDescription(
        name="StripSpaces",
        parameters=(_SOURCE,),
        meaning="The text without blanks.",
        example="StripSpaces([displayName])",
        example_attributes={"displayName": " John  Q Doe "},
        example_value="JohnQDoe",
    ),
    FunctionDescription(
        name="Switch",
        parameters=(
            _SOURCE,
            Parameter("defaultValue", required=False, type="Any"),
            Parameter("switchValue", repeated=True, type="Any"),
        ),
        meaning="The value of the first key that equals the source, else the default, else no value. Keys and values "
        "stand in turn; a missing source equals the empty key.",
        example='Switch([IsSoftDeleted], , "False", "True", "True", "False")',
        example_attributes={"IsSoftDeleted": "False"},
        example_value="True",
        least=4,
    ),
    FunctionDescription(
        name="ToLower",
        parameters=(_SOURCE, _CULTURE),
        meaning="The text in small letters, by the rules of a culture or of none.",
        example='ToLower("TITLE", "en-US")',
        example_value="title",
    ),
    FunctionDescription(
        name="ToUpper",
        parameters=(_SOURCE, _CULTURE),
        meaning="The text in capitals, by the rules of a culture or of none.",
        example='ToUpper("title", "tr-TR")',
        example_value="TİTLE",
    ),
    FunctionDescription(
        name="Word",
        parameters=(
            Parameter("string"),
            Parameter("wordNumber", "WordNumber", type="Integer"),
            Parameter("delimiters"),
        ),
        meaning="A word of a text, counted from 1, words being what stands between any of the delimiter characters.",
        example='Word("The quick brown fox", 3, " ")',
        example_value="brown",
    ),
)
"""The descriptions in the order of the alphabet. Source: ENG-091."""

FUNCTIONS: dict[str, FunctionDescription] = {description.name: description for description in _ALL}
"""All functions by name; never changed. Source: ENG-091."""


def functions() -> tuple[FunctionDescription, ...]:
    """Return the description of every function, in the order of the alphabet."""
    return _ALL
