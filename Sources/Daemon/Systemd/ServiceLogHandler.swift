// The daemon's log: one line for each event, whatever words of others it holds; to the journal with
// fields (`journalctl JOB_ID=...`), else to standard error.

import DurableIO
import Failures
import Foundation
package import Logging
import SystemPackage

package struct ServiceLogHandler: LogHandler {
    package var logLevel = Logger.Level.info
    package var metadata: Logger.Metadata = [:]
    package var metadataProvider: Logger.MetadataProvider?

    private let label: String
    private let journal: JournalSocket?
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - journal: nil for standard error alone.
    ///   - write: takes a line with its end. Default: standard error, in one piece.
    package init(
        label: String, journal: JournalSocket?,
        write: @escaping @Sendable (String) -> Void = Self.toStandardError
    ) {
        self.label = label
        self.journal = journal
        self.write = write
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        var values = metadata
        if let provided = metadataProvider?.get() { values.merge(provided) { $1 } }
        if let own = event.metadata { values.merge(own) { $1 } }
        let pairs = values.sorted { $0.key < $1.key }.map { ($0.key, "\($0.value)") }
        let text = Self.line("\(event.message)", pairs)
        guard let journal else {
            write("\(Self.time()) \(event.level.rawValue) \(label): \(text)\n")
            return
        }
        let message = Self.message(text, event.level, label, pairs)
        // The journal reads the level of a line of standard error in this form.
        if !journal.send(message) { write("<\(Self.priority(event.level))>\(text)\n") }
    }

    // MARK: Texts

    /// The event on one line.
    package static func line(
        _ message: String, _ metadata: [(key: String, value: String)]
    ) -> String {
        var line = OneLine.text(message)
        for (key, value) in metadata {
            // Backslashes first: those that come after them stand for something else.
            let value = OneLine.text(
                value.replacing("\\", with: "\\\\").replacing("\"", with: "\\\""))
            let isPlain = !value.isEmpty && value.allSatisfy { !" \"=\\".contains($0) }
            line += " \(OneLine.text(key))=\(isPlain ? value : "\"\(value)\"")"
        }
        return line
    }

    /// The event with its fields: what a job's and a reason's names are is agreed on, all others
    /// are ours.
    package static func message(
        _ line: String, _ level: Logger.Level, _ label: String,
        _ metadata: [(key: String, value: String)]
    ) -> JournalMessage {
        var message = JournalMessage()
        message.add("MESSAGE", line)
        message.add("PRIORITY", String(priority(level)))
        message.add("SYSLOG_IDENTIFIER", label)
        for (key, value) in metadata {
            switch key {
            case "job": message.add("JOB_ID", value)
            case "reason": message.add("REASON", value)
            default: message.add("LAYERFOLD_" + key, value)
            }
        }
        return message
    }

    /// Of syslog(3).
    package static func priority(_ level: Logger.Level) -> Int {
        switch level {
        case .trace, .debug: 7
        case .info: 6
        case .notice: 5
        case .warning: 4
        case .error: 3
        case .critical: 2
        }
    }

    private static func time() -> String { Date.now.formatted(.iso8601) }

    package static func toStandardError(_ line: String) {
        // A log that cannot be written is no reason to stop.
        _ = try? FileDescriptor.standardError.writeAll(Array(line.utf8))
    }
}
