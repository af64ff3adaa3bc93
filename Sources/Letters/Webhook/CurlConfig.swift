// How curl is told what to do: by a file on its standard input, in which every value is in quotes.
// Nothing of it is seen in the list of processes, and nothing that a person chose is an option.

package import Jobs

package struct CurlConfig: Sendable {
    /// Seconds, as the next.
    package static let usualTimeLimit = 10
    private static let connectLimit = 5
    /// What every curl that we know takes for one line.
    package static let lineBytesMax = 90_000

    /// The program's own settings file is left out; it would come first.
    package static let arguments = ["-q", "--config", "-"]

    package let text: String

    /// - Parameters:
    ///   - addresses: what the host's name stands for, for this call.
    ///   - timeLimit: seconds for all of it.
    package init(
        _ url: WebhookURL, _ call: WebhookCall, addresses: [NetworkAddress],
        timeLimit: Int = CurlConfig.usualTimeLimit
    ) {
        let pins = addresses.map { $0.bytes.count == 4 ? "\($0)" : "[\($0)]" }
        var lines = [
            "silent", "show-error", "globoff", "disallow-username-in-url", "tlsv1.2",
            Self.line("url", url.text), Self.line("proto", "=https,http"),
            Self.line("noproxy", "*"), Self.line("request", "POST"),
            "connect-timeout = \(Self.connectLimit)", "max-time = \(timeLimit)",
            "max-redirs = 0", Self.line("output", "/dev/null"),
            Self.line("write-out", "%{http_code} %{remote_ip}"),
        ]
        if NetworkAddress(url.host) == nil {
            lines.append(
                Self.line(
                    "resolve", "\(url.host):\(url.port):\(pins.joined(separator: ","))"))
        }
        // Nobody has to be asked before so little is sent.
        lines.append(Self.line("header", "Expect:"))
        lines += call.headers.map { Self.line("header", "\($0.name): \($0.value)") }
        lines.append(Self.line("data-raw", String(decoding: call.body, as: UTF8.self)))
        text = lines.joined(separator: "\n") + "\n"
    }

    /// Whether each line is one that curl reads whole.
    package var fits: Bool {
        text.split(separator: "\n").allSatisfy { $0.utf8.count <= Self.lineBytesMax }
    }

    private static func line(_ name: String, _ value: String) -> String {
        "\(name) = \"\(escaped(value))\""
    }

    /// As curl's manual has it for values in quotes.
    static func escaped(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{B}": text += "\\v"
            case "\0": break
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }
}
