/// The table of all runs' rows for Athena, a run to a partition, and a view of what is true now.
///
/// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
struct AthenaTable {
    private static let rows = "host_detections_rows"
    private static let view = "host_detections"

    /// Of all runs: `s3://bucket/prefix/vm/detections/`.
    private let location: String
    private let run: String

    init(_ location: String, run: String) {
        self.location = location
        self.run = run
    }

    /// Three statements; Athena runs one at a time.
    var sql: String { [table, partition, current].joined(separator: "\n") }

    private var table: String {
        let columns = DetectionColumn.allCases.map { "  `\($0.name)` \($0.isNumber ? "bigint" : "string")" }
        // CSV files and a database may stand beside the rows: the view leaves out what is no JSON, and the table must only
        // not stumble over it.
        return """
            CREATE EXTERNAL TABLE IF NOT EXISTS `\(Self.rows)` (
            \(columns.joined(separator: ",\n"))
            )
            PARTITIONED BY (`run` string)
            ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
            WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
            STORED AS INPUTFORMAT 'org.apache.hadoop.mapred.TextInputFormat'
              OUTPUTFORMAT 'org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat'
            LOCATION '\(location.replacingQuotes)';

            """
    }

    private var partition: String {
        """
        ALTER TABLE `\(Self.rows)` ADD IF NOT EXISTS
        PARTITION (`run` = '\(run)') LOCATION '\((location + run).replacingQuotes)/rows/';

        """
    }

    /// Two runs one after the other ask for some hosts twice. A run has all detections of a host that are asked for, so that
    /// the newest with that host tells; what an older one says besides is not so any more.
    private var current: String {
        let names = DetectionColumn.names.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            CREATE OR REPLACE VIEW "\(Self.view)" AS
            SELECT \(names), "run" FROM (
              SELECT *, rank() OVER (PARTITION BY "host_id" ORDER BY "run" DESC) AS "age"
              FROM "\(Self.rows)" WHERE "$path" LIKE '%.ndjson.gz'
            ) WHERE "age" = 1;

            """
    }
}

extension String {
    fileprivate var replacingQuotes: String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    }
}
