"""Names of the directory's attributes as people may write them in a scenario. Source: ENG-003, ENG-004."""

from __future__ import annotations

USER_ATTRIBUTES = (
    "userPrincipalName",
    "accountEnabled",
    "displayName",
    "givenName",
    "surname",
    "mailNickname",
    "mail",
    "otherMails",
    "proxyAddresses",
    "jobTitle",
    "department",
    "companyName",
    "employeeId",
    "employeeType",
    "employeeHireDate",
    "employeeLeaveDateTime",
    "employeeOrgData.division",
    "employeeOrgData.costCenter",
    "physicalDeliveryOfficeName",
    "streetAddress",
    "city",
    "state",
    "postalCode",
    "country",
    "usageLocation",
    "telephoneNumber",
    "mobile",
    "facsimileTelephoneNumber",
    "preferredLanguage",
    "userType",
    "onPremisesSecurityIdentifier",
    "onPremisesDistinguishedName",
    "onPremisesDomainName",
    "onPremisesUserPrincipalName",
    "onPremisesImmutableId",
    "onPremisesSamAccountName",
    "immutableId",
    "dirSyncEnabled",
    "passwordProfile.password",
    *(f"extensionAttribute{number}" for number in range(1, 16)),
)
MULTI_VALUED = ("otherMails", "proxyAddresses")
GROUP_ATTRIBUTES = (
    "displayName",
    "description",
    "mail",
    "mailNickname",
    "mailEnabled",
    "securityEnabled",
    "proxyAddresses",
    "onPremisesSecurityIdentifier",
    "dirSyncEnabled",
)
EXTENSION_PREFIX = "extension_"
GRAPH_NAMES = {
    "officeLocation": "physicalDeliveryOfficeName",
    "mobilePhone": "mobile",
    "faxNumber": "facsimileTelephoneNumber",
    "businessPhones": "telephoneNumber",
    "id": "objectId",
}
"""Graph's names that differ (ENG-002): told as the nearest word."""
OPERATORS = (
    "EQUALS",
    "NOT EQUALS",
    "IS NULL",
    "IS NOT NULL",
    "IS TRUE",
    "IS FALSE",
    "REGEX MATCH",
    "NOT REGEX MATCH",
    "Greater_Than",
    "Greater_Than_OR_EQUALS",
    "Includes",
    "ENDS_WITH",
    "&",
    "!&",
)
"""Scoping operators as the portal spells them (ENG-042)."""
UNARY_OPERATORS = ("IS NULL", "IS NOT NULL", "IS TRUE", "IS FALSE")
RESET_SCOPES = ("Full", "QuarantineState", "Watermark", "Escrows", "ConnectorDataStore", "ForceDeletes")
