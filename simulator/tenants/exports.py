"""The lines that export a real tenant so that it can be read here, shown where an export is of no use."""

from __future__ import annotations

_JOINED = {
    "businessPhones": "@{n='businessPhones';e={$_.BusinessPhones -join ';'}}",
    "otherMails": "@{n='otherMails';e={$_.OtherMails -join ';'}}",
    "proxyAddresses": "@{n='proxyAddresses';e={$_.ProxyAddresses -join ';'}}",
    "manager": "@{n='manager';e={$_.Manager.Id}}",
}
_USER_PROPERTIES = (
    "id,userPrincipalName,displayName,accountEnabled,givenName,surname,mailNickname,mail,otherMails,proxyAddresses,"
    "jobTitle,department,companyName,employeeId,employeeType,officeLocation,streetAddress,city,state,postalCode,"
    "country,usageLocation,businessPhones,mobilePhone,faxNumber,preferredLanguage,userType,"
    "onPremisesExtensionAttributes,employeeOrgData"
)
_GROUP_PROPERTIES = "id,displayName,description,mail,mailNickname,mailEnabled,securityEnabled,groupTypes"


def column_remedy(title: str) -> str:
    """Return what to write in Select-Object so that this column holds values, or "" where nothing is known."""
    folded = title.replace(" ", "").casefold()
    for name, line in _JOINED.items():
        if folded == name.casefold():
            return line
    if folded == "onpremisesextensionattributes":
        return "@{n='extensionAttribute1';e={$_.OnPremisesExtensionAttributes.ExtensionAttribute1}} (and so on to 15)"
    if folded == "employeeorgdata":
        return "@{n='employeeOrgData.division';e={$_.EmployeeOrgData.Division}}"
    if folded == "grouptypes":
        return "@{n='groupTypes';e={$_.GroupTypes -join ';'}}"
    return ""


def flattened_remedy(title: str) -> str:
    """Return what is wrong with a column that holds type names in place of values, and what to write for it."""
    column = column_remedy(title)
    hint = f"; in Select-Object write {column} in place of {title}" if column else "; leave the column out"
    return f"the export wrote the type's name in place of the values{hint}"


def whole_export(table: str) -> str:
    """Return the line that exports users or groups so that nothing is lost."""
    return f"An export that works: {users_export() if table == 'users' else groups_export()}"


def users_export() -> str:
    """Return a PowerShell line that exports users with their managers, nothing lost."""
    return (
        f"Get-MgUser -All -Property {_USER_PROPERTIES} -ExpandProperty manager"
        " | ConvertTo-Json -Depth 4 | Out-File users.json -Encoding utf8"
    )


def groups_export() -> str:
    """Return a PowerShell line that exports groups."""
    return (
        f"Get-MgGroup -All -Property {_GROUP_PROPERTIES}"
        " | ConvertTo-Json -Depth 4 | Out-File groups.json -Encoding utf8"
    )


def members_export() -> str:
    """Return a PowerShell line that exports who is in which group."""
    return (
        "Get-MgGroup -All | ForEach-Object { $g = $_; Get-MgGroupMember -GroupId $g.Id -All"
        " | Select-Object @{n='group';e={$g.Id}},@{n='member';e={$_.Id}} }"
        " | Export-Csv members.csv -NoTypeInformation -Encoding utf8"
    )


def assignments_export() -> str:
    """Return a PowerShell line that exports who is assigned to the application."""
    return (
        "Get-MgServicePrincipalAppRoleAssignedTo -ServicePrincipalId <object id> -All"
        " | Select-Object principalId,appRoleId | Export-Csv assignments.csv -NoTypeInformation -Encoding utf8"
    )
