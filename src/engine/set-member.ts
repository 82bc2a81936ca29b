/** Makes something a member of a set, or no member of it. */
export function setMember<Member>(set: Set<Member>, member: Member, isMember: boolean): void {
  if (isMember) set.add(member);
  else set.delete(member);
}
