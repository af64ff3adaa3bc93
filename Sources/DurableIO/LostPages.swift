// Reads of mapped pages that are not there: the file was cut under its mapping, or its disk failed.
// The kernel answers them with SIGBUS, which ends a process without a word. A handler of ours says
// which file it was; where somebody asks afterwards, it lets the work go on until then. Wayland's
// wl_shm does the same with the buffers of its clients.

import Glibc
import Synchronization

/// What becomes of reads of pages that are not there.
package enum LostPages {
    /// A row of the table of mappings.
    struct Place: Equatable, Sendable { let index: Int }

    /// Once chosen, a process keeps its answer.
    package enum Answer: Int, Sendable {
        /// One line on standard error names the file, and the process ends with `status`.
        case end
        /// Zeros are read in their place, and `MappedFile.verifyUnchanged` throws from then on.
        /// Only for who asks that before anything is kept or told.
        case substitute
    }

    /// - Parameter status: exit status where the answer is `end`.
    package static func install(_ answer: Answer, status: Int32 = 1) {
        unsafe Table.shared.answer = answer.rawValue
        unsafe Table.shared.status = status
        var action = sigaction()
        unsafe action.__sigaction_handler.sa_sigaction = { _, info, _ in
            unsafe LostPages.handle(unsafe info?.pointee._sifields._sigfault.si_addr)
        }
        action.sa_flags = SA_SIGINFO
        unsafe sigemptyset(&action.sa_mask)
        unsafe sigaction(SIGBUS, &action, nil)
    }

    // MARK: The table

    /// Plain memory: the handler may run while any lock is held. Rows are written under a mutex,
    /// before the mapping is used; `start` last, and it is cleared first.
    @unsafe struct Row {
        var start: UInt = 0
        var end: UInt = 0
        var isLost = false
        /// The line for people, and its length.
        var line: UnsafeMutablePointer<UInt8>?
        var lineCount = 0
    }

    /// Mappings that can be told apart at one time; more are unknown to the handler.
    private static let rowsMax = 8192

    @unsafe final class Table: @unchecked Sendable {
        static let shared = unsafe Table()
        let rows: UnsafeMutablePointer<Row>
        var answer = Answer.end.rawValue
        var status: Int32 = 1
        let pageBytes = UInt(sysconf(Int32(_SC_PAGESIZE)))
        let free = Mutex(Array((0..<LostPages.rowsMax).reversed()))

        init() {
            unsafe rows = .allocate(capacity: LostPages.rowsMax)
            unsafe rows.initialize(repeating: Row(), count: LostPages.rowsMax)
        }
    }

    /// - Returns: nil where the table is full.
    static func register(
        _ start: UnsafeMutableRawPointer, byteCount: Int, _ path: String
    ) -> Place? {
        let table = unsafe Table.shared
        guard let index = unsafe table.free.withLock({ $0.popLast() }) else { return nil }
        let text = Array(
            ("layerfold: \(path): input changed: it became shorter while it was read, or its disk "
                + "failed; leave it alone until the work is done, then start again\n").utf8)
        let line = UnsafeMutablePointer<UInt8>.allocate(capacity: text.count)
        unsafe line.initialize(from: text, count: text.count)
        let first = UInt(bitPattern: start)
        unsafe table.rows[index] = Row(
            start: 0, end: first + UInt(byteCount), isLost: false, line: line,
            lineCount: text.count)
        unsafe table.rows[index].start = first
        return Place(index: index)
    }

    static func release(_ place: Place) {
        let table = unsafe Table.shared
        unsafe table.rows[place.index].start = 0
        unsafe table.rows[place.index].line?.deallocate()
        unsafe table.rows[place.index] = Row()
        unsafe table.free.withLock { $0.append(place.index) }
    }

    static func isLost(_ place: Place) -> Bool { unsafe Table.shared.rows[place.index].isLost }

    // MARK: The handler

    /// Takes no lock and no memory.
    private static func handle(_ address: UnsafeMutableRawPointer?) {
        let table = unsafe Table.shared
        let at = UInt(bitPattern: address)
        var index = 0
        while index < rowsMax {
            let row = unsafe table.rows + index
            // A mapping reaches to the end of its last page.
            let end = unsafe (row.pointee.end + table.pageBytes - 1) & ~(table.pageBytes - 1)
            if unsafe row.pointee.start != 0, unsafe row.pointee.start <= at, at < end {
                unsafe answer(row, at, end, table)
                return
            }
            index += 1
        }
        // Nothing of ours: as if there were no handler.
        signal(SIGBUS, SIG_DFL)
    }

    private static func answer(
        _ row: UnsafeMutablePointer<Row>, _ at: UInt, _ end: UInt, _ table: Table
    ) {
        let first = unsafe at & ~(table.pageBytes - 1)
        if unsafe table.answer == Answer.substitute.rawValue {
            unsafe row.pointee.isLost = true
            // All behind it as well: a file that was cut has nothing there.
            let zeros = unsafe mmap(
                UnsafeMutableRawPointer(bitPattern: first), Int(end - first), PROT_READ,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0)
            if unsafe zeros != MAP_FAILED { return }
        }
        if let line = unsafe row.pointee.line {
            _ = unsafe write(STDERR_FILENO, line, row.pointee.lineCount)
        }
        unsafe _exit(table.status)
    }
}
