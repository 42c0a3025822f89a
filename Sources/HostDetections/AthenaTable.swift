/// The tables of all runs' rows and of the hosts that they asked for, a run to a partition, and a view of what is true now:
/// SQL for Athena's engine 3, which is Trino's but for the tables, which are Hive's.
///
/// https://docs.aws.amazon.com/athena/latest/ug/openx-json-serde.html
/// https://docs.aws.amazon.com/athena/latest/ug/alter-table-add-partition.html
/// https://docs.aws.amazon.com/athena/latest/ug/create-view.html
/// https://trino.io/docs/current/sql/select.html
struct AthenaTable {
    private static let rows = "host_detections_rows"
    private static let hosts = "host_detections_hosts"
    private static let view = "host_detections"

    /// Of all runs: `s3://bucket/prefix/vm/detections/`.
    private let location: String
    private let run: String

    init(_ location: String, run: String) {
        self.location = location
        self.run = run
    }

    /// Five statements; Athena runs one at a time.
    var sql: String {
        let columns = DetectionColumn.allCases.map { ($0.name, $0.isNumber ? "bigint" : "string") }
        return [
            table(Self.rows, columns), partition(Self.rows, "rows"),
            table(Self.hosts, [("host_id", "bigint"), ("others", "string")]), partition(Self.hosts, "hosts"), current,
        ].joined(separator: "\n")
    }

    private func table(_ name: String, _ columns: [(name: String, type: String)]) -> String {
        let columns = columns.map { "  `\($0.name)` \($0.type)" }
        // CSV files and a database may stand beside the rows: the view leaves out what is no JSON, and the table must only
        // not stumble over it.
        return """
            CREATE EXTERNAL TABLE IF NOT EXISTS `\(name)` (
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

    private func partition(_ table: String, _ folder: String) -> String {
        """
        ALTER TABLE `\(table)` ADD IF NOT EXISTS
        PARTITION (`run` = '\(run)') LOCATION '\((location + run).replacingQuotes)/\(folder)/';

        """
    }

    /// Two runs one after the other ask for some hosts twice. A run has all detections of a host that are asked for, so that
    /// the newest with that host tells; what an older one says besides is not so any more.
    ///
    /// The newest that asked for a host may have no row of it: then there is none. Nor is there one of a host that was not
    /// there when all were asked for. The rows are read once, since Athena is paid by what it reads.
    private var current: String {
        let names = DetectionColumn.names.map { "\"\($0)\"" }.joined(separator: ", ")
        return """
            CREATE OR REPLACE VIEW "\(Self.view)" AS
            SELECT \(names), "run" FROM (
              SELECT *, rank() OVER (PARTITION BY "host_id" ORDER BY "run" DESC) AS "age"
              FROM "\(Self.rows)" WHERE "$path" LIKE '%.ndjson.gz'
            ) LEFT JOIN (
              SELECT "host_id", max("run") AS "asked" FROM "\(Self.hosts)" GROUP BY "host_id"
            ) USING ("host_id")
            WHERE "age" = 1 AND "run" >= coalesce("asked", '')
              AND "run" >= (SELECT coalesce(max("run"), '') FROM "\(Self.hosts)" WHERE "others" = 'gone');

            """
    }
}

extension String {
    fileprivate var replacingQuotes: String {
        split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''")
    }
}
