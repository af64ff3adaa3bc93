// Times for people: UTC as it is sent, which the script shows in the visitor's own zone.

import Report

/// Milliseconds since 1970 in words.
enum TimeText {
    /// `2026-03-02 14:03 UTC`.
    static func markup(_ milliseconds: Int) -> Markup {
        let (date, time) = parts(milliseconds)
        return """
            <time datetime="\(date)T\(time)Z">\(date) \(String(time.prefix(5))) UTC</time>
            """
    }

    /// `4 min 05 s`, from one time to another; 0 where they are the wrong way around.
    static func span(from start: Int, to end: Int) -> String {
        span(Double(max(0, end - start) / 1_000))
    }

    /// `3 s`, `4 min 05 s`: of a length that is known to the second at best.
    static func span(_ seconds: Double) -> String {
        seconds.magnitude < 59.5
            ? NumberText.fixed(seconds.rounded(), 0) + " s" : NumberText.seconds(seconds)
    }

    /// Days and time of day by the calendar that counts backwards and forwards without end.
    static func parts(_ milliseconds: Int) -> (date: String, time: String) {
        let seconds = Int((Double(milliseconds) / 1_000).rounded(.down))
        let (days, rest) = (floor(seconds, 86_400), seconds - floor(seconds, 86_400) * 86_400)
        // Howard Hinnant, chrono-Compatible Low-Level Date Algorithms, civil_from_days.
        let shifted = days + 719_468
        let era = floor(shifted, 146_097)
        let day = shifted - era * 146_097
        let year = (day - day / 1_460 + day / 36_524 - day / 146_096) / 365
        let dayOfYear = day - (365 * year + year / 4 - year / 100)
        let month = (5 * dayOfYear + 2) / 153
        let date = [
            year + era * 400 + (month < 10 ? 0 : 1), month < 10 ? month + 3 : month - 9,
            dayOfYear - (153 * month + 2) / 5 + 1,
        ]
        return (
            date.map(two).joined(separator: "-"),
            [rest / 3_600, rest / 60 % 60, rest % 60].map(two).joined(separator: ":")
        )
    }

    private static func floor(_ value: Int, _ by: Int) -> Int {
        value >= 0 ? value / by : -((by - 1 - value) / by)
    }

    private static func two(_ number: Int) -> String { (number < 10 ? "0" : "") + String(number) }
}
