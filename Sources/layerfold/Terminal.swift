// Printing: results on standard output, everything else on standard error. What cannot be printed
// ends a verb whose purpose it is, and nothing else: nobody has to read the progress of a job.

import Failures
import Foundation
import Glibc

enum Terminal {
    static func line(_ text: String = "") { write(Array((text + "\n").utf8)) }

    /// Results, as they are.
    static func write(
        _ bytes: some Collection<UInt8>, to descriptor: CInt = STDOUT_FILENO,
        called name: String = "standard output"
    ) {
        let code = Descriptors.write(Array(bytes), to: descriptor)
        guard code != 0 else { return }
        // A reader that left, as `head` does, is nobody to complain to.
        if code != EPIPE {
            error("layerfold: \(name) cannot be written: \(POSIXErrorText.words(code))")
        }
        exit(ExitStatus.output.rawValue)
    }

    /// A message or progress; lost where nobody takes it.
    static func error(_ text: String) { tell(text + "\n") }

    /// The same without the end of the line.
    static func tell(_ text: String) {
        _ = Descriptors.write(Array(text.utf8), to: STDERR_FILENO)
    }

    /// Prints a value as indented JSON with sorted keys.
    static func json(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        line(String(decoding: try encoder.encode(value), as: UTF8.self))
    }

    /// Columns of left-aligned text; a block for each row where the terminal is too narrow.
    /// - Parameter rows: the headers first, where `hasHeader`.
    static func table(_ rows: [[String]], hasHeader: Bool = true) {
        TextTable(rows: rows, hasHeader: hasHeader).lines(width: width(of: STDOUT_FILENO))
            .forEach { line($0) }
    }

    /// Text that is broken between words where the terminal ends.
    static func paragraph(_ text: String, indent: Int = 0) {
        TextTable.wrapped(text, indent: indent, width: width(of: STDOUT_FILENO))
            .forEach { line($0) }
    }

    /// Columns of the terminal: $COLUMNS, else what it says itself; nil for files and pipes, whose
    /// lines may be as long as they like.
    static func width(of descriptor: CInt) -> Int? {
        if let text = ProcessInfo.processInfo.environment["COLUMNS"], let columns = Int(text),
            columns > 0
        {
            return columns
        }
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else {
            return nil
        }
        return Int(size.ws_col)
    }
}

/// The three descriptors that a program is born with.
enum Descriptors {
    /// One that is closed would be given to the next file that is opened, a database perhaps, and
    /// printing would write into it: it is taken by something that cannot be used instead. And a
    /// reader that left is an error where it is written to, not a signal that kills.
    static func secure() {
        signal(SIGPIPE, SIG_IGN)
        for number in [STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO]
        where fcntl(number, F_GETFD) == -1 {
            _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
        }
    }

    /// Writes all of it.
    /// - Returns: 0, or the errno that stopped it.
    static func write(_ bytes: [UInt8], to descriptor: CInt) -> CInt {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = unsafe rest.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            if count >= 0 {
                rest = rest.dropFirst(count)
            } else if errno == EAGAIN {
                // Somebody gave us a pipe that does not wait.
                var state = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
                _ = unsafe poll(&state, 1, -1)
            } else if errno != EINTR {
                return errno
            }
        }
        return 0
    }
}
