/// The table of a run's rows for Athena: one statement, or two when its folder has more than the NDJSON files.
///
/// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
enum AthenaTable {
    /// - Parameters:
    ///   - location: Of the rows: `s3://bucket/prefix/vm/detections/<run>/rows/`.
    ///   - run: Is in the name, so that the tables of several runs stand side by side.
    ///   - hasOthers: Whether CSV files or a database stand beside the rows.
    static func sql(location: String, run: String, hasOthers: Bool) -> String {
        let table = "host_detections_\(run.lowercased())"
        let columns = DetectionColumn.allCases.map { "  `\($0.name)` \($0.isNumber ? "bigint" : "string")" }
        let name = hasOthers ? "\(table)_files" : table
        // What is no JSON is left out by the view; the table must only not stumble over it.
        let properties = hasOthers ? "\nWITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')" : ""
        let create = """
            CREATE EXTERNAL TABLE IF NOT EXISTS `\(name)` (
            \(columns.joined(separator: ",\n"))
            )
            ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'\(properties)
            STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
              OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
            LOCATION '\(location.replacingQuotes)';

            """
        guard hasOthers else { return create }
        return create + """

            CREATE OR REPLACE VIEW "\(table)" AS
            SELECT \(DetectionColumn.names.map { "\"\($0)\"" }.joined(separator: ", "))
            FROM "\(name)" WHERE "$path" LIKE '%.ndjson.gz';

            """
    }
}

extension String {
    fileprivate var replacingQuotes: String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    }
}
