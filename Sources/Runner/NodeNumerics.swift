// What decides the last bits of numbers on this machine, for who compares machines.

package import Jobs

package enum NodeNumerics {
    /// As keys of a job name it that does not choose how it computes.
    package static var current: UnitNumerics { UnitNumerics(Numerics(.auto)) }
}
