// What came of one try to send one letter.

import Failures

package enum Delivery: Sendable, Equatable {
    case sent
    /// May succeed another time: this letter was not taken.
    case later(String)
    /// May succeed another time: nobody took any letter.
    case silent(String)
    /// Will not.
    case never(String)

    private static let wordsBytesMax = 500

    /// What a program said, on one line and short; nothing where it said nothing.
    static func words(_ text: String) -> String {
        let line = text.split(separator: "\n").map { $0.drop { $0 == " " } }
            .filter { !$0.isEmpty }.joined(separator: "; ")
        return line.isEmpty ? "" : ": " + OneLine.text(line, bytesMax: wordsBytesMax)
    }

    // MARK: Programs' answers

    /// Of a mail program, by the codes of sysexits.h.
    /// - Parameter isConfined: whether this process can gain no rights, as in the unit's sandbox.
    static func ofMail(_ result: Program.Result, isConfined: Bool) -> Delivery {
        let words = words(result.errors)
        // What Postfix and Exim need to take a letter is a program with rights of its own.
        let cure =
            isConfined
            ? "; programs that need rights of their own do not get them in this unit: the setting "
                + "`notify: {sendmail: smtp://127.0.0.1}` needs none" : ""
        // Busy, out of something, or a file that cannot be written now.
        let passing = [71, 73, 74, 75]
        return switch result.ending {
        case .exited(0): .sent
        case .exited(let code) where passing.contains(code):
            .later("the mail program ended with code \(code)\(words)\(cure)")
        case .exited(let code): .never("the mail program ended with code \(code)\(words)\(cure)")
        case .signaled(let signal): .later("signal \(signal) ended the mail program\(words)")
        case .late: .silent("the mail program took too long")
        case .notStarted(let reason): .silent("the mail program does not start: \(reason)")
        }
    }

    /// Of curl that speaks SMTP: the last code of the server is what it printed.
    static func ofServer(_ result: Program.Result) -> Delivery {
        let words = words(result.errors)
        let code = Int(result.output.prefix { $0.isNumber }) ?? 0
        return switch result.ending {
        case .exited(0): .sent
        case .exited where (500...599).contains(code):
            .never("the mail server refused it with code \(code)\(words)")
        // A word about this letter; another may be for somebody else.
        case .exited where code > 0: .later("the mail server took nothing\(words)")
        case .exited: .silent("the mail server took nothing\(words)")
        case .signaled(let signal): .later("signal \(signal) ended curl\(words)")
        case .late: .silent("the mail server took too long")
        case .notStarted(let reason): .silent(noCurl(reason))
        }
    }

    /// Of curl that called a webhook.
    /// - Parameter permits: whether an address may be connected to.
    static func ofWebhook(
        _ result: Program.Result, permits: (NetworkAddress) -> Bool
    ) -> Delivery {
        let parts = result.output.split(separator: " ").map(String.init)
        let status = parts.first.flatMap { Int($0) } ?? 0
        if let address = parts.dropFirst().first.flatMap({ NetworkAddress($0) }), !permits(address)
        {
            return .never("it was connected to `\(address)`, which is not allowed")
        }
        switch result.ending {
        // What comes behind the answer's first line does not matter.
        case .exited where (200...299).contains(status): return .sent
        case .exited where (300...399).contains(status):
            return .never("it answers \(status), a redirection, which is not followed")
        case .exited where status == 408 || status == 429 || status >= 500:
            return .later("it answers \(status)")
        case .exited where status >= 400: return .never("it answers \(status)")
        case .exited: return .silent("no answer" + words(result.errors))
        case .signaled(let signal): return .later("signal \(signal) ended curl")
        case .late: return .silent("no answer in time")
        case .notStarted(let reason): return .silent(noCurl(reason))
        }
    }

    private static func noCurl(_ reason: String) -> String {
        "curl does not start: \(reason); is it installed?"
    }
}
