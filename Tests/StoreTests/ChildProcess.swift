// Running other programs, and this test program once more as a child that can be killed.

import Glibc
import SystemPackage

/// A child process.
struct ChildProcess {
    let process: pid_t
    /// The read end of the child's standard output.
    private let output: CInt

    /// Starts a program found in PATH.
    init(_ arguments: [String], environment: [String] = []) throws {
        var ends: [CInt] = [0, 0]
        guard unsafe pipe(&ends) == 0 else { throw Errno(rawValue: errno) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        unsafe posix_spawn_file_actions_addclose(&actions, ends[0])
        var inherited: [String] = []
        var entry = unsafe environ
        while let text = unsafe entry.pointee {
            inherited.append(unsafe String(cString: text))
            unsafe entry += 1
        }
        var argv: [UnsafeMutablePointer<CChar>?] =
            unsafe arguments.map { unsafe strdup($0) } + [nil]
        var envp: [UnsafeMutablePointer<CChar>?] =
            unsafe (inherited + environment).map { unsafe strdup($0) } + [nil]
        defer { unsafe (argv + envp).forEach { unsafe free($0) } }
        var process: pid_t = 0
        let code = unsafe posix_spawnp(&process, arguments[0], &actions, nil, &argv, &envp)
        close(ends[1])
        guard code == 0 else { throw Errno(rawValue: code) }
        self.process = process
        output = ends[0]
    }

    /// The next byte of the child's output; nil when it ended.
    func nextByte() -> UInt8? {
        var byte: UInt8 = 0
        return unsafe read(output, &byte, 1) == 1 ? byte : nil
    }

    /// Waits for the end, letting the output run off.
    /// - Returns: The exit status as `waitpid` gives it; 0 for success.
    func wait() -> CInt {
        var buffer = [UInt8](repeating: 0, count: 4096)
        while unsafe read(output, &buffer, buffer.count) > 0 {}
        close(output)
        var status: CInt = 0
        while unsafe waitpid(process, &status, 0) == -1, errno == EINTR {}
        return status
    }

    func kill() { Glibc.kill(process, SIGKILL) }

    /// Whether a program is installed.
    static func has(_ program: String) -> Bool {
        ["/usr/bin", "/bin", "/usr/local/bin"].contains { folder in
            unsafe access("\(folder)/\(program)", X_OK) == 0
        }
    }

    /// This program again, to run one test whose name contains `filter`.
    static func ofThisProgram(filter: String, environment: [String]) throws -> ChildProcess {
        let program = String(decoding: try FilePath("/proc/self/exe").target(), as: UTF8.self)
        var arguments = [program]
        // `swift test` starts a helper that is told the test bundle; on Linux the bundle may also
        // be the program itself. Either way all but the filters is repeated.
        var rest = CommandLine.arguments.dropFirst()
        while let argument = rest.popFirst() {
            if argument == "--filter" || argument == "--skip" {
                _ = rest.popFirst()
            } else {
                arguments.append(argument)
            }
        }
        return try ChildProcess(arguments + ["--filter", filter], environment: environment)
    }
}

extension FilePath {
    /// What a symbolic link points to.
    fileprivate func target() throws -> [UInt8] {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(string, &buffer, buffer.count)
        guard count > 0 else { throw Errno(rawValue: errno) }
        return buffer.prefix(count).map(UInt8.init(bitPattern:))
    }
}

/// The value of an environment variable.
func environmentValue(_ name: String) -> String? {
    guard let text = unsafe getenv(name) else { return nil }
    return unsafe String(cString: text)
}
