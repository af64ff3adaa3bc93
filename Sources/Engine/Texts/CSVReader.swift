// Comma-separated values after RFC 4180: quotes, doubled quotes, line breaks inside quotes.

package import Failures

package enum CSVError: ClassifiedFailure, Equatable, CustomStringConvertible {

    package var failureClass: FailureClass { .user }

    case openQuote(file: String, line: Int)
    case textAfterQuote(file: String, line: Int)

    package var description: String {
        switch self {
        case .openQuote(let file, let line):
            "\(file):\(line): a quoted field that starts here never ends; add the closing quote"
        case .textAfterQuote(let file, let line):
            "\(file):\(line): text follows a closing quote; a quote inside a field is doubled"
        }
    }
}

/// A record and the line it starts on (1-based).
package struct CSVRecord: Equatable, Sendable {
    package var line: Int
    package var fields: [String]
}

/// Parses a whole file; empty lines are no records.
package func parseCSV(_ text: String, file: String) throws(CSVError) -> [CSVRecord] {
    var records: [CSVRecord] = []
    var fields: [String] = []
    var field: [UInt8] = []
    var quotedFrom: Int?
    var afterQuote = false
    var line = 1
    var recordLine = 1
    var bytes = Array(text.utf8)
    if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes.removeFirst(3) }
    func take() {
        fields.append(String(decoding: field, as: UTF8.self))
        field.removeAll(keepingCapacity: true)
        afterQuote = false
    }
    func endRecord() {
        if !fields.isEmpty || !field.isEmpty || afterQuote {
            take()
            records.append(CSVRecord(line: recordLine, fields: fields))
            fields = []
        }
    }
    var index = 0
    while index < bytes.count {
        let byte = bytes[index]
        index += 1
        if let start = quotedFrom {
            if byte == UInt8(ascii: "\"") {
                if index < bytes.count, bytes[index] == UInt8(ascii: "\"") {
                    field.append(byte)
                    index += 1
                } else {
                    quotedFrom = nil
                    afterQuote = true
                }
            } else {
                if byte == UInt8(ascii: "\n") { line += 1 }
                field.append(byte)
            }
            if index == bytes.count, quotedFrom != nil { throw .openQuote(file: file, line: start) }
            continue
        }
        switch byte {
        case UInt8(ascii: ","): take()
        case UInt8(ascii: "\r") where index < bytes.count && bytes[index] == UInt8(ascii: "\n"):
            continue
        case UInt8(ascii: "\n"):
            endRecord()
            line += 1
            recordLine = line
        case UInt8(ascii: "\"") where field.isEmpty && !afterQuote: quotedFrom = line
        default:
            if afterQuote { throw .textAfterQuote(file: file, line: line) }
            field.append(byte)
        }
    }
    if let start = quotedFrom { throw .openQuote(file: file, line: start) }
    endRecord()
    return records
}
