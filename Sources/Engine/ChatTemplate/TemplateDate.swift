// The date that a template may ask for; whoever renders says what it is.

/// A date and a time of day, without a zone.
package struct TemplateDate: Sendable, Equatable {
    package let year: Int
    package let month: Int
    package let day: Int
    package let hour: Int
    package let minute: Int
    package let second: Int

    /// - Returns: nil where there is no such day or time.
    package init?(year: Int, month: Int, day: Int, hour: Int = 0, minute: Int = 0, second: Int = 0)
    {
        guard (1...9999).contains(year), (1...12).contains(month),
            (1...Self.days(in: month, of: year)).contains(day), (0..<24).contains(hour),
            (0..<60).contains(minute), (0..<60).contains(second)
        else { return nil }
        (self.year, self.month, self.day) = (year, month, day)
        (self.hour, self.minute, self.second) = (hour, minute, second)
    }

    private static func days(in month: Int, of year: Int) -> Int {
        let isLeap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
        return switch month {
        case 2: isLeap ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private static let months = [
        "January", "February", "March", "April", "May", "June", "July", "August", "September",
        "October", "November", "December",
    ]
    private static let weekdays = [
        "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday",
    ]

    /// 0 for Sunday (Sakamoto 1992).
    private var weekday: Int {
        let shifts = [0, 3, 2, 5, 0, 3, 5, 1, 4, 6, 2, 4]
        let year = month < 3 ? year - 1 : year
        return (year + year / 4 - year / 100 + year / 400 + shifts[month - 1] + day) % 7
    }

    /// Python's `strftime`, in English.
    func text(
        _ format: String, _ failure: (String) -> ChatTemplateError
    ) throws(ChatTemplateError) -> String {
        var text = ""
        var rest = format.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "%" else {
                text.unicodeScalars.append(scalar)
                continue
            }
            let isBare = rest.first == "-"
            if isBare { rest.removeFirst() }
            guard let code = rest.popFirst(), let part = part(code, padded: !isBare) else {
                throw failure("a date in a form that is not known here")
            }
            text += part
        }
        return text
    }

    private func part(_ code: Unicode.Scalar, padded: Bool) -> String? {
        func number(_ value: Int) -> String { (padded && value < 10 ? "0" : "") + String(value) }
        return switch code {
        case "Y": String(repeating: "0", count: max(0, 4 - String(year).count)) + String(year)
        case "y": number(year % 100)
        case "m": number(month)
        case "d": number(day)
        case "H": number(hour)
        case "M": number(minute)
        case "S": number(second)
        case "B": Self.months[month - 1]
        case "b": String(Self.months[month - 1].prefix(3))
        case "A": Self.weekdays[weekday]
        case "a": String(Self.weekdays[weekday].prefix(3))
        case "%": "%"
        default: nil
        }
    }
}
