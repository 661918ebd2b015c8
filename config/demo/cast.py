"""The people of the demo company; the tests play with the same cast."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Person:
    username: str
    name: str
    latin_name: str
    role: str
    department: str | None
    is_head: bool = False


CAST = {
    "sales": Person("lin", "林晓雯", "Lin Xiaowen", "sales", "sales"),
    "sales_head": Person("chen", "陈立群", "Chen Liqun", "sales", "sales", is_head=True),
    "planner": Person("zhou", "周建国", "Zhou Jianguo", "planner", "production"),
    "process_engineer": Person("huang", "黄志强", "Huang Zhiqiang", "planner", "production"),
    "material_planner": Person("luo", "罗敏", "Luo Min", "planner", "production"),
    "production_head": Person("zhao", "赵明华", "Zhao Minghua", "planner", "production", is_head=True),
    "operator": Person("chenwei", "陈伟", "Chen Wei", "operator", "production"),
    "buyer": Person("wang", "王芳", "Wang Fang", "buyer", "procurement"),
    "procurement_head": Person("sun", "孙丽", "Sun Li", "buyer", "procurement", is_head=True),
    "inspector": Person("wu", "吴磊", "Wu Lei", "inspector", "quality"),
    "quality_head": Person("li", "李娜", "Li Na", "inspector", "quality", is_head=True),
    "logistics": Person("xu", "徐航", "Xu Hang", "dispatcher", "logistics"),
    "logistics_head": Person("ma", "马超", "Ma Chao", "dispatcher", "logistics", is_head=True),
    "finance": Person("tang", "唐莉", "Tang Li", "accountant", "finance"),
    "finance_head": Person("qian", "钱敏", "Qian Min", "accountant", "finance", is_head=True),
    "hr": Person("deng", "邓洁", "Deng Jie", "hr", "hr"),
    "hr_head": Person("he", "何静", "He Jing", "hr", "hr", is_head=True),
    "second_sales": Person("su", "苏婷", "Su Ting", "sales", "sales"),
    "foreman": Person("hegang", "何刚", "He Gang", "foreman", "production"),
    "second_operator": Person("liuyang", "刘洋", "Liu Yang", "operator", "production"),
    "second_inspector": Person("song", "宋杰", "Song Jie", "inspector", "quality"),
    "manager": Person("guo", "郭强", "Guo Qiang", "manager", "management"),
    "general_manager": Person("gao", "高建军", "Gao Jianjun", "general_manager", "management", is_head=True),
    "admin": Person("admin", "管理员", "Administrator", "administrator", None),
}
