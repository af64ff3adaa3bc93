// How many files and sockets this process may have open.

import Glibc

package enum DescriptorLimit {
    private static let kind = CInt(RLIMIT_NOFILE.rawValue)
    /// No more are taken: who starts a process may look at each number that could be one.
    private static let countMax: rlim_t = 65_536

    /// What the kernel gives now.
    package static var current: Int {
        var limit = rlimit()
        return unsafe getrlimit(kind, &limit) == 0 ? Int(clamping: limit.rlim_cur) : 1_024
    }

    /// Takes as many as whoever started us allows, within reason. The small number of old is for
    /// programs that count sockets in a mask of fixed size, as ours do not.
    package static func raise() {
        var limit = rlimit()
        guard unsafe getrlimit(kind, &limit) == 0 else { return }
        let wanted = min(limit.rlim_max, countMax)
        guard limit.rlim_cur < wanted else { return }
        limit.rlim_cur = wanted
        _ = unsafe setrlimit(kind, &limit)
    }
}
