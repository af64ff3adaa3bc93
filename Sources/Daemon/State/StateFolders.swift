// Where everything lies below the state folder. One tree on one file system: under systemd's
// ProtectSystem=strict a rename between two writable folders of a unit fails with EXDEV.

package import DurableIO
import Glibc
package import SystemPackage

package struct StateFolders: Sendable, Equatable {
    package let state: FilePath
    /// Where people drop manifests. Default: `<state>/inbox`.
    package let inbox: FilePath

    package init(state: FilePath, inbox: FilePath? = nil) {
        self.state = state
        self.inbox = inbox ?? state.appending("inbox")
    }

    /// Files that could not become jobs, in a folder for each owner.
    package var rejected: FilePath { state.appending("rejected") }
    /// Where earlier versions put them; what lies there stays, and is shown.
    package var earlierRejected: FilePath { inbox.appending("rejected") }
    /// Claimed files that are not yet accepted or rejected.
    package var spool: FilePath { state.appending("spool") }
    package var jobs: FilePath { state.appending("jobs") }
    package var results: FilePath { state.appending("results") }
    package var store: FilePath { state.appending("store") }
    package var index: FilePath { state.appending("db").appending("index.sqlite") }
    package var lock: FilePath { state.appending("db").appending("lock") }
    /// Digests of tokens.
    package var access: FilePath { state.appending("access") }
    /// What people want to be told, and letters on their way to them.
    package var notify: FilePath { state.appending("notify") }
    package var socket: FilePath { state.appending("run").appending("layerfoldd.sock") }

    package func job(_ id: String) -> FilePath { jobs.appending(id) }

    /// The folders that nobody but the daemon's user may own.
    package var own: [FilePath] {
        [
            state, rejected, spool, jobs, results, store, access, index.removingLastComponent(),
            socket.removingLastComponent(), notify,
        ]
    }

    /// Makes what is missing. Existing folders keep the permissions an administrator gave them.
    package func make() throws(SystemCallError) {
        try Syscalls.makeFolders(state, mode: 0o751)
        try makeInbox()
        for (folder, mode) in [
            (rejected, 0o750), (spool, 0o700), (jobs, 0o700), (results, 0o750), (store, 0o700),
            (state.appending("db"), 0o700), (state.appending("run"), 0o750), (access, 0o700),
            (notify, 0o700),
        ] as [(FilePath, CInterop.Mode)] {
            try Syscalls.makeFolders(folder, mode: mode)
        }
        for folder in [jobs, store, state.appending("db"), access] { try close(folder) }
    }

    /// Makes the inbox with the rights it has to have, of which a umask would take those of the
    /// group. Under another name: once there, it would keep what a crash had left of them.
    private func makeInbox() throws(SystemCallError) {
        guard try Syscalls.stat(inbox) == nil else { return }
        let parent = inbox.removingLastComponent()
        if !parent.isEmpty { try Syscalls.makeFolders(parent, mode: 0o751) }
        let id = JobIdentifier.make(now: DaemonClock.system.now())
        let made = parent.appending(".inbox-\(id)")
        try Syscalls.mkdir(made, mode: 0o700)
        do throws(SystemCallError) {
            try Self.openToGroup(made)
            try Syscalls.rename(made, to: inbox)
        } catch {
            try? Syscalls.rmdir(made)
            // Somebody else made it meanwhile, and it is in use.
            guard error.errno == .directoryNotEmpty || error.errno == .fileExists else {
                throw error
            }
            return
        }
        try Syscalls.syncFolder(parent)
    }

    /// Sticky: nobody takes another's file out of it, or removes it. What is put into it has its
    /// group, so that `chmod g+r` lets the daemon read.
    private static func openToGroup(_ folder: FilePath) throws(SystemCallError) {
        do throws(SystemCallError) {
            try Syscalls.chmod(folder, 0o3770)
        } catch {
            // As under systemd's RestrictSUIDSGID=.
            guard error.errno == .notPermitted else { throw error }
            try Syscalls.chmod(folder, 0o1770)
        }
    }

    /// Takes from everybody else the right to look into a folder whose contents are nobody's but
    /// the daemon's: manifests and logs of all, and objects, from which other people's texts could
    /// be read back. Earlier daemons made it readable for the group.
    private func close(_ folder: FilePath) throws(SystemCallError) {
        guard let status = try Syscalls.stat(folder), status.permissions & 0o077 != 0,
            status.owner == geteuid()
        else { return }
        try Syscalls.chmod(folder, 0o700)
    }
}
