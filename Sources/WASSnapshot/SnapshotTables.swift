/// The tables of `was_sqlite.db`: names, columns and their order are those of QualysETL 0.9, so that queries go on to work.
/// What it leaves out stands at the end of a table.
extension SnapshotTable {
    /// Of the answers to `get/was/webapp`.
    static let webApps = SnapshotTable(
        "Q_WAS_WebApp",
        """
        id INTEGER, name, url, os, owner, scope, subDomain, domains, uris, attributes, defaultProfile, defaultScanner,
        defaultScannerTags, scannerLocked, progressiveScanning, redundancyLinks, maxRedundancyLinks, urlBlacklist,
        urlWhitelist, postDataBlacklist, urlExcludelist, urlAllowlist, postDataExcludelist, logoutRegexList, authRecords,
        dnsOverrides, useRobots, useSitemap, headers, malwareMonitoring, malwareNotification, malwareTaskId,
        malwareScheduling, tags, comments, isScheduled, lastScan, createdBy, createdDate, updatedBy, updatedDate,
        screenshot, proxy, config, crawlingScripts, lastScanStatus, removeFromSubscription, reactivateIfExists,
        postmanCollection, swaggerFile, riskScore
        """,
        added: "otherFields",
        dates: "Date",
        indexes: [(name: "WebApp_name", columns: "name"), (name: "WebApp_url", columns: "url")]
    )

    /// Of the answers to `search/was/finding`. `group` and `function` are words of SQL.
    static let findings = SnapshotTable(
        "Q_WAS_Finding",
        """
        id INTEGER, webApp_id INTEGER = webApp.id, webApp_name = webApp.name, webApp_tags = webApp.tags,
        webApp_url = webApp.url, uniqueId, qid INTEGER, name, potential, findingType, type, group_0 = group, cwe, owasp,
        wasc, param, function_0 = function, content, resultList, severity INTEGER, originalSeverity, url, status,
        firstDetectedDate, lastDetectedDate, timesDetected INTEGER, fixedDate, webApp, patch, isIgnored, ignoredReason,
        ignoredBy, ignoredDate, ignoredComment, reactivateIn, reactivateDate, externalRef, severityComment,
        editedSeverityUser, editedSeverityDate, retest, sslData, cvssV3, history, updatedDate, detectionScore
        """,
        added: "lastTestedDate, otherFields",
        dates: "Date",
        // Not the QID: custom findings have none, and the KnowledgeBase does not know all.
        constraints: ["FOREIGN KEY (webApp_id) REFERENCES Q_WAS_WebApp (id)"],
        indexes: [
            (name: "Finding_webApp", columns: "webApp_id"), (name: "Finding_qid", columns: "qid"),
            (name: "Finding_severity", columns: "severity, findingType"), (name: "Finding_status", columns: "status"),
            (name: "Finding_uniqueId", columns: "uniqueId"),
            (name: "Finding_lastDetected", columns: "lastDetectedDate"),
        ]
    )

    /// Of the answers to `search/was/catalog`.
    static let catalog = SnapshotTable(
        "Q_WAS_Catalog",
        """
        id INTEGER, ipAddress, fqdn, port, operatingSystem, source, status, createdDate, updatedDate, updatedBy
        """,
        added: "netbiosName, comments, otherFields",
        dates: "Date",
        indexes: [(name: "Catalog_address", columns: "ipAddress, port"), (name: "Catalog_status", columns: "status")]
    )

    /// Of the KnowledgeBase, for the QIDs of the findings. The columns have the names of the elements of a VULN.
    static let knowledgeBase = SnapshotTable(
        "Q_KnowledgeBase_In_Q_WAS_FINDING",
        """
        QID INTEGER, TITLE, VULN_TYPE, SEVERITY_LEVEL, CATEGORY, DETECTION_INFO, LAST_CUSTOMIZATION,
        LAST_SERVICE_MODIFICATION_DATETIME, PUBLISHED_DATETIME, CODE_MODIFIED_DATETIME, PATCH_PUBLISHED_DATE, TECHNOLOGY,
        BUGTRAQ_LIST, PATCHABLE, SOFTWARE_LIST, VENDOR_REFERENCE_LIST, CVE_LIST, DIAGNOSIS, DIAGNOSIS_COMMENT, CONSEQUENCE,
        CONSEQUENCE_COMMENT, SOLUTION, SOLUTION_COMMENT, COMPLIANCE_LIST, CORRELATION, CVSS, CVSS_V3, CVSS_V4, PCI_FLAG,
        AUTOMATIC_PCI_FAIL, PCI_REASONS, THREAT_INTELLIGENCE, SUPPORTED_MODULES, DISCOVERY, IS_DISABLED, CHANGE_LOG_LIST
        """,
        added: "otherFields",
        dates: "DATE"
    )

    static let all = [webApps, findings, catalog, knowledgeBase]
}

/// Questions that are asked again and again.
enum SnapshotViews {
    static let definitions = [
        // One row a finding, with what the KnowledgeBase says of its QID.
        """
        CREATE VIEW IF NOT EXISTS V_WAS_Finding_KnowledgeBase AS
        SELECT f.*, k.TITLE, k.CATEGORY, k.SEVERITY_LEVEL, k.DIAGNOSIS, k.CONSEQUENCE, k.SOLUTION, k.CVE_LIST, k.CVSS,
          k.CVSS_V3, k.PCI_FLAG
        FROM Q_WAS_Finding f LEFT JOIN Q_KnowledgeBase_In_Q_WAS_FINDING k ON k.QID = f.qid
        """,
        // What is to be mended: confirmed, not fixed, not ignored.
        """
        CREATE VIEW IF NOT EXISTS V_WAS_Open_Vulnerabilities AS
        SELECT f.id, f.webApp_id, f.webApp_name, f.webApp_url, f.qid, coalesce(nullif(f.name, ''), k.TITLE) AS name,
          f.severity, f.status, f.url, f.param, f.firstDetectedDate, f.lastDetectedDate, f.lastTestedDate,
          f.timesDetected, f.findingType, k.SOLUTION
        FROM Q_WAS_Finding f LEFT JOIN Q_KnowledgeBase_In_Q_WAS_FINDING k ON k.QID = f.qid
        WHERE f.type = 'VULNERABILITY' AND f.potential <> 'true' AND f.status <> 'FIXED' AND f.isIgnored <> 'true'
        """,
        // One row a web application, with the number of its open vulnerabilities by severity.
        """
        CREATE VIEW IF NOT EXISTS V_WAS_WebApp_Summary AS
        SELECT w.id, w.name, w.url, w.riskScore, w.updatedDate,
          count(v.id) AS openVulnerabilities, coalesce(sum(v.severity = 5), 0) AS severity5,
          coalesce(sum(v.severity = 4), 0) AS severity4, coalesce(sum(v.severity = 3), 0) AS severity3,
          coalesce(sum(v.severity = 2), 0) AS severity2, coalesce(sum(v.severity = 1), 0) AS severity1
        FROM Q_WAS_WebApp w LEFT JOIN V_WAS_Open_Vulnerabilities v ON v.webApp_id = w.id GROUP BY w.id
        """,
    ]
}
