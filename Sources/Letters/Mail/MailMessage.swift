// A message as RFC 5322 wants it. Whatever stands in a header is one line of ASCII: nobody's job
// name begins another header, or the body.

import Failures
import Foundation

package struct MailMessage: Sendable, Equatable {
    package var from: String
    /// Addresses that `MailAddress.isValid` takes, as `from`.
    package var to: String
    package var subject: String
    package var lines: [String]
    /// The part before the `@`; the host of `from` comes behind it.
    package var id: String
    /// Milliseconds since 1970 UTC.
    package var date: Int

    package init(
        from: String, to: String, subject: String, lines: [String], id: String, date: Int
    ) {
        (self.from, self.to, self.subject, self.lines) = (from, to, subject, lines)
        (self.id, self.date) = (id, date)
    }

    private static let subjectBytesMax = 200
    /// RFC 5322, without the end of the line.
    private static let lineBytesMax = 998
    private static let base64Columns = 76

    /// Lines end as on this system: who sends them over a wire makes others of them.
    package var bytes: [UInt8] {
        let host = from.split(separator: "@").last.map(String.init) ?? "localhost"
        let isPlain = lines.allSatisfy { line in
            line.utf8.count <= Self.lineBytesMax
                && line.utf8.allSatisfy { (0x20...0x7E).contains($0) || $0 == 0x09 }
        }
        let headers = [
            Self.header("From", "Layerfold <\(from)>"),
            Self.header("To", to),
            Self.header("Subject", OneLine.text(subject, bytesMax: Self.subjectBytesMax)),
            Self.header("Date", Self.text(ofDate: date)),
            Self.header("Message-ID", "<layerfold-\(id)@\(host)>"),
            "Auto-Submitted: auto-generated",
            "MIME-Version: 1.0",
            "Content-Type: text/plain; charset=utf-8",
            "Content-Transfer-Encoding: \(isPlain ? "7bit" : "base64")",
        ]
        let body = isPlain ? lines : Self.base64(lines.joined(separator: "\r\n") + "\r\n")
        return Array((headers + [""] + body + [""]).joined(separator: "\n").utf8)
    }

    static func header(_ name: String, _ value: String) -> String {
        "\(name): \(EncodedWord.text(OneLine.text(value)))"
    }

    private static func base64(_ text: String) -> [String] {
        var rest = Data(text.utf8).base64EncodedString()[...]
        var lines: [String] = []
        while !rest.isEmpty {
            lines.append(String(rest.prefix(base64Columns)))
            rest = rest.dropFirst(base64Columns)
        }
        return lines
    }

    /// `Tue, 01 Dec 2026 09:30:00 +0000`
    static func text(ofDate milliseconds: Int) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_US_POSIX")
        formatter.timeZone = TimeZone(secondsFromGMT: 0)
        formatter.dateFormat = "EEE, dd MMM yyyy HH:mm:ss '+0000'"
        return formatter.string(from: Date(timeIntervalSince1970: Double(milliseconds) / 1_000))
    }
}

/// Text of any alphabet in a header (RFC 2047).
enum EncodedWord {
    /// `=?UTF-8?B?` and `?=` around it: a word has at most 75 columns.
    private static let bytesOfWord = 45

    /// The text as it is where it is ASCII and cannot be taken for encoded, else in words that
    /// are one line each, the next ones indented.
    static func text(_ text: String) -> String {
        if text.utf8.allSatisfy({ (0x20...0x7E).contains($0) }), !text.contains("=?") {
            return text
        }
        var words: [String] = []
        var word = ""
        for scalar in text.unicodeScalars {
            if word.utf8.count + String(scalar).utf8.count > bytesOfWord {
                words.append(word)
                word = ""
            }
            word.unicodeScalars.append(scalar)
        }
        words.append(word)
        return words.map { "=?UTF-8?B?\(Data($0.utf8).base64EncodedString())?=" }
            .joined(separator: "\n ")
    }
}
