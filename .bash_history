echo hi
false
X=$(echo a b | grep -oEm1 "[ab]")
read -p "ok? [y/N]: " A; echo got $A
